import type { Best } from '../../src/base/best.ts';
import type { Backend, BegunStep, Program } from '../../src/backends/backend.ts';
import type { Graph, Step } from '../../src/graph/graph.ts';

/** What a program was given ahead, and what came of it. */
export interface Seen {
  nAhead: number;
  /** Of these, steps whose token was not known yet. */
  nUnknown: number;
  /** Steps that were asked for when they had been begun. */
  nUsed: number;
  nRuns: number;
}

export const newSeen = (): Seen => ({ nAhead: 0, nUnknown: 0, nUsed: 0, nRuns: 0 });

/** A step that was made before it was asked for. */
interface Made extends BegunStep {
  readonly logits: Float32Array;
}

/**
 * A backend whose programs behave as those of a device that works by itself: they do at once what they are given ahead, and find the best
 * logits, a few more than they are asked for. The real one is the GPU's.
 */
export function likeDevice(backend: Backend, seen: Seen = newSeen()): Backend {
  return {
    ...backend,
    prepare: (graph, look) => programLikeDevice(backend.prepare(graph, look), graph, seen),
  };
}

function programLikeDevice(inner: Program, graph: Graph, seen: Seen): Program {
  let begun: Made[] = [];
  let current: Made | undefined;
  /** The step that was made last, whether it was asked for or not. */
  let latest: Made | undefined;

  async function make(step: Step): Promise<Made> {
    await inner.run(step);
    const logits = Float32Array.from(await inner.read(graph.logits)).slice(0, step.nLogits * graph.logits.shape[1]!);
    return (latest = { ...step, tokens: step.tokens.slice(), logits });
  }

  function makeAtOnce(step: Step): Made {
    if (inner.run(step) instanceof Promise) throw new Error('only of backends that run at once');
    return (latest = { ...step, logits: Float32Array.from(inner.read(graph.logits) as Float32Array) });
  }

  return {
    async run(step) {
      const [first] = begun;
      seen.nRuns++;
      if (first && isSame(first, step)) {
        seen.nUsed++;
        current = begun.shift();
      } else {
        begun = [];
        current = await make(step);
      }
    },
    runAhead(step) {
      if (begun.some((made) => isSame(made, step) || (!step.tokens && made.pos === step.pos))) return;
      begun = begun.filter(({ pos }) => pos < step.pos);
      if (!step.tokens && latest?.nBest !== 1) return;
      seen.nAhead++;
      if (!step.tokens) seen.nUnknown++;
      begun.push(makeAtOnce({ ...step, tokens: step.tokens?.slice() ?? Int32Array.of(ordered(latest!.logits)[0]!) }));
    },
    readBest: () => (current?.nBest ? bestOf(current.logits, current.nBest) : undefined),
    async read(value) {
      if (value !== graph.logits || !current) return inner.read(value);
      if (current.nBest && begun.length > 0) throw new TypeError('gone: another step was begun');
      return current.logits;
    },
    readState: (state, begin, end) => inner.readState(state, begin, end),
    writeState(state, begin, rows) {
      begun = [];
      return inner.writeState(state, begin, rows);
    },
    copyOf(states) {
      const copy = inner.copyOf(states);
      return {
        take: () => copy.take(),
        restore() {
          begun = [];
          return copy.restore();
        },
      };
    },
    dispose: () => inner.dispose(),
  };
}

const isSame = (made: BegunStep, { pos, tokens, nLogits, nBest }: BegunStep): boolean =>
  made.pos === pos && made.nLogits === nLogits && made.nBest === nBest && String(made.tokens) === String(tokens);

const ordered = (row: Float32Array): number[] => [...row.keys()].sort((a, b) => row[b]! - row[a]! || a - b);

function bestOf(row: Float32Array, nBest: number): Best {
  const tokens = Int32Array.from(ordered(row).slice(0, nBest === 1 ? 1 : nBest + 3)).reverse();
  return { n: tokens.length, tokens, logits: Float32Array.from(tokens, (token) => row[token]!) };
}
