import { weight, type Graph, type Step, type Value } from '../graph/graph.ts';
import { kvCache } from '../graph/layer_state.ts';
import { bytesOf } from '../graph/tensor.ts';
import { constant, Recorder } from '../models/recorder.ts';
import { quantByName } from '../quants/index.ts';

/** Small graphs whose times tell what a step is made of. */

export interface ProbeTask {
  /** `q8_0 wide`, `phases` */
  readonly name: string;
  readonly graph: Graph;
  readonly step: Step;
  /** Takes turns with others, so that the cache has nothing of it. */
  readonly isSweep: boolean;
  /** 0: single runs count. */
  readonly partMs?: number;
}

/** The types that all models' kernels are loaded with. */
export const probeTypes = ['f16', 'q4_0', 'q4_1', 'q8_0', 'q4_k', 'q6_k'] as const;

/** Bytes of each type: of all types together more than a phone's cache has, so that each comes out of memory when its turn comes again. */
const TYPE_BYTES = 24e6;

/** Two shapes of as many weights, long rows and short ones: what a row costs beside its bytes is what they differ by. */
const shapes = { wide: [512, 2048], tall: [2048, 512] } as const;

const limits = { nCtx: 256, maxTokens: 1, maxLogits: 1 };
const step = (pos: number): Step => ({ tokens: Int32Array.of(0), pos, nLogits: 1 });

/** Columns of the chains. */
const dim = 1024;

const ones = (cols: number): Value => ({
  ...constant('ones', [1, cols], new Float32Array(cols).fill(1)),
  rows: 'tokens',
});

/** Matrices of a type that one input is multiplied with. */
function products(type: string, shape: keyof typeof shapes): ProbeTask {
  const g = new Recorder(limits);
  const quant = quantByName.get(type)!;
  const [rows, cols] = shapes[shape];
  const each = { quant, shape: [rows, cols] };
  const n = Math.max(1, Math.round(TYPE_BYTES / 2 / bytesOf(each)));
  const x = ones(cols);
  const outs = Array.from({ length: n }, (_, i) => g.matmul(weight({ ...each, name: `${type}.${shape}.${i}` }), x));
  return { name: `${type} ${shape}`, graph: g.finish(outs.at(-1)!), step: step(0), isSweep: true };
}

const small = weight({ name: 'small', quant: quantByName.get('q8_0')!, shape: [64, 64] });

/** One small product: all that it takes is to have the other threads come. */
function waking(): ProbeTask {
  const g = new Recorder(limits);
  return { name: 'waking', graph: g.finish(g.matmul(small, ones(64))), step: step(0), isSweep: true };
}

/**
 * Products of small matrices, each of which waits for the one before. The quickest run counts: threads that find next to nothing to do fall
 * asleep now and then, which costs tens of microseconds a phase and does not happen between the matrices of a model.
 */
function phases(): ProbeTask {
  const g = new Recorder(limits);
  let x = ones(64);
  for (let i = 0; i < 40; i++) x = g.matmul(small, x);
  return { name: 'phases', graph: g.finish(x), step: step(0), isSweep: false, partMs: 0 };
}

/** What goes by rows, with no barrier in between. */
function rows(): ProbeTask {
  const g = new Recorder(limits);
  const norm = weight({ name: 'norm', quant: quantByName.get('f32')!, shape: [dim] });
  let x = ones(dim);
  for (let i = 0; i < 40; i++) x = g.add(x, g.rmsNorm(g.swiglu(x, x), norm, 1e-5));
  return { name: 'rows', graph: g.finish(x), step: step(0), isSweep: false };
}

/** Attention over a context that is nearly full. */
function attending(): ProbeTask {
  const g = new Recorder(limits);
  const [headDim, nKvHeads] = [64, 4];
  const k = ones(nKvHeads * headDim);
  let x = ones(dim);
  for (let l = 0; l < 8; l++) {
    const cache = kvCache(l, { nKvHeads, headDim }, { ...limits, kvType: 'f16' });
    x = g.attention(x, k, k, cache, { headDim, scale: 0.125 });
  }
  return { name: 'attention', graph: g.finish(x), step: step(limits.nCtx - 1), isSweep: false };
}

export const probeTasks = (): ProbeTask[] => [
  ...probeTypes.flatMap((type) => [products(type, 'wide'), products(type, 'tall')]),
  waking(),
  phases(),
  rows(),
  attending(),
];

/** All of them in one graph: what memory is planned for. */
export function largestGraph(tasks: readonly ProbeTask[]): Graph {
  const nodes = tasks.flatMap(({ graph }) => graph.nodes);
  return { ...tasks[0]!.graph, nodes };
}
