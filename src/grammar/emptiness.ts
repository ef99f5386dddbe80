import { rowOf } from './derivative.ts';
import { checkLimit } from './limits.ts';
import { both, nothing, type Regular } from './regular.ts';

/** How many states were looked at for one grammar. */
export interface Search {
  nStates: number;
}

/**
 * Whether the language has any text. An intersection may have none though each of its parts has, so one is looked for: all
 * derivatives, breadth first, until one has the empty text. What was learnt on the way is kept with the expressions.
 */
export function hasText(regular: Regular, search: Search = { nStates: 0 }): boolean {
  const known = quickly(regular);
  if (known !== undefined) return known;
  if (regular.kind === 'either') return (regular.live = regular.parts.some((part) => hasText(part, search)));
  if (regular.kind === 'sequence')
    return (regular.live = hasText(regular.head, search) && hasText(regular.tail, search));
  if (regular.kind === 'repeat') return (regular.live = hasText(regular.part, search));
  const cameFrom = new Map<Regular, Regular | undefined>([[regular, undefined]]);
  let isEasy = true;
  for (const from of cameFrom.keys()) {
    checkLimit('searches', ++search.nStates);
    for (const target of rowOf(from).targets) {
      const live = quickly(target);
      if (live === true) return keepPath(from, cameFrom);
      if (live === undefined && !cameFrom.has(target)) cameFrom.set(target, from);
    }
    if (isEasy && cameFrom.size > EASY && regular.kind === 'both') {
      isEasy = false;
      if (!eachPairHasText(regular.parts, search)) return (regular.live = false);
    }
    checkLimit('search', cameFrom.size);
  }
  for (const found of cameFrom.keys()) found.live = false;
  return false;
}

/** Where more states than this were seen, two of the parts may be what has no text together. */
const EASY = 50;

/** Two parts have fewer states together than all parts have. */
function eachPairHasText(parts: readonly Regular[], search: Search): boolean {
  if (parts.length < 3) return true;
  return parts.every((a, i) => parts.slice(i + 1).every((b) => hasText(both([a, b]), search)));
}

function quickly(regular: Regular): boolean | undefined {
  if (regular === nothing) return false;
  return regular.nullable || regular.plain ? true : regular.live;
}

function keepPath(last: Regular, cameFrom: ReadonlyMap<Regular, Regular | undefined>): true {
  for (let at: Regular | undefined = last; at; at = cameFrom.get(at)) at.live = true;
  return true;
}
