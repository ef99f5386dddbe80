import type { Backend, ReadTensor } from '../backends/backend.ts';
import { colsAcross, cutsOf, partOf, type Cut } from '../backends/split/cut.ts';
import { sum } from '../base/numbers.ts';
import type { Graph, Step } from '../graph/graph.ts';
import { bytesOf, type Tensor } from '../graph/tensor.ts';
import { tick } from '#platform';

/**
 * How fast a backend would run a model, told by a piece of it: its last layers and its logits, with weights that are made up. Two such
 * pieces, one of them only the logits, say what a layer's byte costs, and so what the whole model would take.
 */

/** More than a phone's caches hold, and little beside what its memory has. */
const SAMPLE_BYTES = 48e6;

/** Weights that are made up. Each byte is 0x10 to 0x2f, by its place: small numbers of any type, none of them infinite, no matrix of zeros. */
export const madeUp: ReadTensor = async (_, offsetBytes, into) => {
  for (let i = 0; i < into.length; i++) into[i] = 0x10 + (Math.imul(offsetBytes + i + 1, 0x9e3779b1) >>> 27);
};

/** The steps that are timed: some tokens read at once, and one that is made. Each runs for so long, once at least. */
const N_PROMPT = 32;
const WARM_MS = 200;
const MEASURE_MS = 80;
const LEAST_RUNS = 1;

/** A usual turn of a conversation, in tokens: what is read, and what is made. */
export const turn = { nRead: 200, nMade: 100 } as const;

export interface ModelSample {
  /** The last layers, or all where the model is small; the largest first. */
  readonly pieces: readonly Graph[];
  readonly weights: readonly Tensor[];
  /** The bytes of weights behind the larger piece's and behind the model's, each less the smaller piece's. */
  readonly times: number;
}

/** A piece of a model that is large enough to tell. */
export function sampleOf(graph: Graph, weights: readonly Tensor[]): ModelSample {
  const end = graph.nodes.length;
  const bytesFrom = (at: number): number => sum(usedBy(partOf(graph, at, end).graph, weights).map(sizeOf));
  const all = bytesFrom(0);
  if (all <= SAMPLE_BYTES) return { pieces: [graph], weights: usedBy(graph, weights), times: 1 };
  const cuts = cutsOf(graph).filter(({ crossing }) => crossing.length > 0);
  const head = fewest(cuts.slice(-N_HEAD));
  const enough = cuts.filter(({ at }) => at <= head.at && bytesFrom(at) >= bytesFrom(head.at) + SAMPLE_BYTES / 2);
  if (enough.length === 0) return { pieces: [graph], weights: usedBy(graph, weights), times: 1 };
  const tail = fewest(enough.slice(-N_LAYER));
  const pieces = [tail, head].map(({ at }) => partOf(graph, at, end).graph);
  const [tailBytes, headBytes] = [bytesFrom(tail.at), bytesFrom(head.at)];
  return { pieces, weights: usedBy(pieces[0]!, weights), times: (all - headBytes) / (tailBytes - headBytes) };
}

/** Nodes of a head, and of a layer, about: among so many places there is one between two layers. */
const N_HEAD = 4;
const N_LAYER = 24;

const fewest = (cuts: readonly Cut[]): Cut => [...cuts].sort((a, b) => colsAcross(a) - colsAcross(b))[0]!;

const sizeOf = (tensor: Tensor): number => bytesOf(tensor);

function usedBy({ nodes }: Graph, weights: readonly Tensor[]): Tensor[] {
  const names = new Set(nodes.flatMap(({ inputs }) => inputs.map(({ name }) => name)));
  return weights.filter(({ name }) => names.has(name));
}

/** Seconds of a usual turn on a backend that was opened for the sample's largest piece. @throws AbortError */
export async function turnSeconds(
  backend: Backend,
  { pieces, weights, times }: ModelSample,
  signal?: AbortSignal,
): Promise<number> {
  await backend.upload(weights, { read: madeUp, signal });
  const seconds: number[] = [];
  for (const piece of pieces) seconds.push(await pieceSeconds(backend, piece, signal));
  const [tail, head = 0] = seconds as [number, number?];
  return head + (tail - head) * times;
}

/** The same of one piece. A model that reads texts whole, for embeddings, makes nothing. */
async function pieceSeconds(backend: Backend, graph: Graph, signal: AbortSignal | undefined): Promise<number> {
  const program = backend.prepare(graph);
  try {
    const nPrompt = Math.min(N_PROMPT, graph.maxTokens, Math.max(1, graph.nCtx - 1));
    const run = (pos: number, n: number) => async () => {
      const step: Step = { tokens: new Int32Array(n), pos, nLogits: 1 };
      signal?.throwIfAborted();
      await program.run(step, signal);
      await program.read(graph.logits);
    };
    const reading = (await bestMs(run(0, nPrompt))) / nPrompt;
    if (graph.maxTexts !== undefined || graph.nCtx < 2) return (reading * turn.nRead) / 1000;
    const making = await bestMs(run(nPrompt, 1));
    return (reading * turn.nRead + making * turn.nMade) / 1000;
  } finally {
    program.dispose();
  }
}

/** Milliseconds of a run when all is compiled and awake, and nothing comes in between. */
async function bestMs(run: () => Promise<void>): Promise<number> {
  const timed = async (ms: number): Promise<number> => {
    let least = Infinity;
    const endMs = performance.now() + ms;
    for (let n = 0; n < LEAST_RUNS || performance.now() < endMs; n++) {
      const startMs = performance.now();
      await run();
      least = Math.min(least, performance.now() - startMs);
      await tick();
    }
    return least;
  };
  await timed(WARM_MS);
  return timed(MEASURE_MS);
}
