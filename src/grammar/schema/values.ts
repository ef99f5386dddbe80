/** Makes sets of values; equal ones are the same object. */
import type { Place } from './document.ts';
import type { Json } from './json.ts';
import { checkLimit } from './limits.ts';
import type { Context, Scope, Values } from './sets.ts';

type Kind<T> = T extends unknown ? Omit<T, 'id'> : never;

function make(context: Context, key: string, values: Kind<Values>): Values {
  const known = context.known.get(key);
  if (known) return known;
  checkLimit('expressions', context.known.size, context.where);
  const made = { ...values, id: context.known.size + 2 } as Values;
  context.known.set(key, made);
  return made;
}

export const any: Values = { id: 0, kind: 'any' };
export const none: Values = { id: 1, kind: 'none' };

export const placeValues = (context: Context, place: Place, scope: Scope): Values =>
  make(context, `p${place.pointer} ${scope.key}`, { kind: 'place', place, scope });

export const onlyValue = (context: Context, value: Json): Values =>
  make(context, `v${JSON.stringify(value)}`, { kind: 'only', value });

export const notValues = (context: Context, part: Values): Values => {
  if (part.kind === 'any') return none;
  if (part.kind === 'none') return any;
  return part.kind === 'not' ? part.part : make(context, `n${part.id}`, { kind: 'not', part });
};

export function bothValues(context: Context, parts: readonly Values[]): Values {
  const found = flat('both', parts, any);
  if (found.has(none) || hasOpposites(found)) return none;
  return joined(context, 'both', found, any);
}

export function eitherValues(context: Context, parts: readonly Values[]): Values {
  const found = flat('either', parts, none);
  if (found.has(any) || hasOpposites(found)) return any;
  return joined(context, 'either', found, none);
}

function flat(kind: 'both' | 'either', parts: readonly Values[], neutral: Values): Set<Values> {
  const inner = parts.flatMap((part) => (part.kind === kind ? part.parts : [part]));
  return new Set(inner.filter((part) => part !== neutral));
}

const hasOpposites = (parts: ReadonlySet<Values>): boolean =>
  [...parts].some((part) => part.kind === 'not' && parts.has(part.part));

function joined(context: Context, kind: 'both' | 'either', found: ReadonlySet<Values>, neutral: Values): Values {
  const parts = [...found];
  if (parts.length < 2) return parts[0] ?? neutral;
  const key = parts.map(({ id }) => id).sort((a, b) => a - b).join(); // prettier-ignore
  return make(context, `${kind[0]}${key}`, { kind, parts });
}
