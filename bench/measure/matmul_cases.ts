import type { Program } from '../../src/backends/backend.ts';
import type { ActivationKind } from '../../src/graph/activations.ts';
import type { Graph, Node, Step, Value } from '../../src/graph/graph.ts';
import { Recorder } from '../../src/models/recorder.ts';
import type { QuantType } from '../../src/quants/quant_type.ts';
import { errorOf } from '../../test/cases/numbers.ts';
import type { BenchCase } from './bench_case.ts';
import type { CaseBackend, CaseHome } from './case_home.ts';
import {
  checkProduct,
  copiesOf,
  openProducts,
  productGraph,
  stepOf,
  testMatrix,
  wantedProduct,
  type TestMatrix,
} from './products.ts';

/** A weight of the bench, shaped like a projection of a 1.2 B model. */
export const SHAPE = { rows: 2048, cols: 2048 } as const;

/** Tokens of the prefill case, and of its check: a matrix product, but few enough for plain loops. */
export const PREFILL = 128;
const CHECKED = 7;

/** Weights that the prefill case goes through. */
export const PREFILL_WEIGHTS = 2;

/** Looking rows up is a product of a scale and a level, and of types with mins a sum; 16-bit floats are kept as fixed point. */
const EMBED_TOLERANCE = 5e-7;
const FIXED_TOLERANCE = 2 ** -12;

export interface MatmulOptions {
  readonly home: CaseHome;
  /** Bytes of weights that a decode run reads: more than caches hold. */
  readonly bytes: number;
  /** What quantised weights are multiplied with. */
  readonly activations: readonly ActivationKind[];
  /** Of a weight. Default `SHAPE`. */
  readonly shape?: { readonly rows: number; readonly cols: number } | undefined;
  /** Tokens of the prefill case. Default 128. */
  readonly prefill?: number | undefined;
}

export interface Cases {
  readonly cases: readonly BenchCase[];
  close(): Promise<void>;
}

/** Mat-vec, matrix product and row lookup of one quant type. */
export async function matmulCases(quant: QuantType, options: MatmulOptions): Promise<Cases> {
  const { home, bytes, shape = SHAPE, prefill = PREFILL } = options;
  const matrix = testMatrix(quant, shape.rows, shape.cols);
  const weights = copiesOf(matrix, Math.max(PREFILL_WEIGHTS, Math.ceil(bytes / matrix.nBytes)));
  const many = lengthened(productGraph(weights, 1), matrix, home);
  const few = lengthened(productGraph(weights.slice(0, PREFILL_WEIGHTS), prefill), matrix, home);
  const table = lookupGraph(weights[0]!, prefill);
  const kinds = quant.blockSize > 1 ? options.activations : (['exact'] as const);
  const opened: CaseBackend[] = [];
  for (const activations of kinds) {
    opened.push(await openProducts(matrix, home, { weights, graph: few, part: many, activations }));
  }
  const [first] = opened as [CaseBackend];
  const lookedUp = lookup(quant, first.backend.prepare(table), table, matrix.floats);
  const product = (which: CaseBackend, what: string, graph: Graph, nTokens: number) =>
    productCase(which, { matrix, home, graph, what, nTokens });
  return {
    cases: [
      ...(await Promise.all(opened.map((one) => product(one, 'decode', many, 1)))),
      ...(await Promise.all(opened.map((one) => product(one, `prefill ${prefill}`, few, prefill)))),
      { ...lookedUp, run: first.timed(lookedUp.run) },
    ],
    close: async () => void (await Promise.all(opened.map(({ backend }) => backend.dispose()))),
  };
}

/** A graph as often as its home wants it. */
export function lengthened(graph: Graph, { nBytes }: TestMatrix, { repeatsOf }: CaseHome): Graph {
  const nNodes = graph.nodes.length;
  const repeats = repeatsOf({ nNodes, bytes: nNodes * nBytes });
  return { ...graph, nodes: Array.from({ length: repeats }, () => graph.nodes).flat() };
}

export interface ProductWork {
  readonly matrix: TestMatrix;
  readonly home: CaseHome;
  readonly graph: Graph;
  readonly what: string;
  readonly nTokens: number;
  /** Kernels, by name; default: those that a run tells of. */
  readonly kernels?: string;
  readonly activations?: ActivationKind;
}

export async function productCase({ backend, timed }: CaseBackend, work: ProductWork): Promise<BenchCase> {
  const { matrix, home, graph, what, nTokens } = work;
  const { activations = backend.activations } = work;
  const program = backend.prepare(graph);
  const [node, step] = [graph.nodes[0] as Node, stepOf(nTokens)];
  const one = { ...graph, nodes: [node], logits: node.out };
  return {
    op: `matmul ${matrix.quant.name}`,
    name: activations === 'fast' ? `${what}, fast` : what,
    check: () => checkProduct(program, graph, wantedProduct(graph, matrix, Math.min(nTokens, CHECKED)), activations),
    run: timed(() => program.run(step)),
    bytes: graph.nodes.length * matrix.nBytes,
    macs: (graph.nodes.length * node.op.cost(node, step).flops) / 2,
    limits: { bytes: 'read', macs: home.macsOf(matrix.quant) },
    kernels: work.kernels ?? (home.tellsKernels ? await kernelsOf(backend, one, step) : undefined),
  };
}

/** The names of the kernels that a step of a graph runs, in their order. */
export async function kernelsOf(backend: CaseBackend['backend'], graph: Graph, step: Step): Promise<string> {
  const names: string[] = [];
  const program = backend.prepare(graph, { onNode: ({ kernels }) => void names.push(kernels) });
  await program.run(step);
  program.dispose();
  return names.join(', ');
}

/** Rows of the token table, decoded. */
export function lookup(quant: QuantType, program: Program, graph: Graph, floats: Float32Array): BenchCase {
  const [nRows, cols] = (graph.nodes[0] as Node).inputs[0]!.shape as [number, number];
  const { maxTokens: n } = graph;
  const step: Step = { tokens: Int32Array.from({ length: n }, (_, i) => (i * 977) % nRows), pos: 0, nLogits: 0 };
  const node = graph.nodes[0] as Node;
  return {
    op: `embed ${quant.name}`,
    name: `prefill ${n}`,
    async check() {
      await program.run(step);
      const wanted = new Float32Array(n * cols);
      node.op.reference({ node, step, out: wanted, inputs: [floats] });
      return {
        error: errorOf(await program.read(node.out), wanted),
        tolerance: quant.name === 'f16' || quant.name === 'bf16' ? FIXED_TOLERANCE : EMBED_TOLERANCE,
      };
    },
    run: () => program.run(step),
    bytes: node.op.cost(node, step).bytes,
    macs: 0,
    limits: { bytes: 'copy', macs: 'f32' },
  };
}

export function lookupGraph(table: Value, maxTokens = PREFILL): Graph {
  const g = new Recorder({ nCtx: maxTokens, maxTokens, maxLogits: 1 });
  return g.finish(g.embed(table));
}
