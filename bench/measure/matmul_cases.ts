import type { WasmHost } from '../../src/backends/wasm/wasm.ts';
import type { Backend, Program } from '../../src/backends/backend.ts';
import type { Build } from '../../src/platform/features.ts';
import type { ActivationKind } from '../../src/graph/activations.ts';
import type { Graph, Node, Step, Value } from '../../src/graph/graph.ts';
import { Recorder } from '../../src/models/recorder.ts';
import type { QuantType } from '../../src/quants/quant_type.ts';
import { errorOf } from '../../test/cases/op_case.ts';
import type { BenchCase } from './bench_case.ts';
import { checkProduct, copiesOf, openProducts, productGraph, stepOf, testMatrix, wantedProduct } from './products.ts';

/** A weight of the bench, shaped like a projection of a 1.2 B model. */
const ROWS = 2048;
const COLS = 2048;

/** Tokens of the prefill case, and of its check: a matrix product, but few enough for plain loops. */
const PREFILL = 128;
const CHECKED = 7;

/** Weights that the prefill case goes through. */
const PREFILL_WEIGHTS = 2;

/** Looking rows up is a product of a scale and a level, and of types with mins a sum; 16-bit floats are kept as fixed point. */
const EMBED_TOLERANCE = 5e-7;
const FIXED_TOLERANCE = 2 ** -12;

export interface MatmulOptions {
  readonly host: WasmHost;
  readonly build: Build;
  readonly threads: number;
  /** Bytes of weights that a decode run reads: more than caches hold. */
  readonly bytes: number;
  /** What quantised weights are multiplied with. */
  readonly activations: readonly ActivationKind[];
}

export interface Cases {
  readonly cases: readonly BenchCase[];
  close(): Promise<void>;
}

/** Mat-vec, matrix product and row lookup of one quant type. */
export async function matmulCases(quant: QuantType, options: MatmulOptions): Promise<Cases> {
  const { host, build, threads, bytes } = options;
  const matrix = testMatrix(quant, ROWS, COLS);
  const weights = copiesOf(matrix, Math.max(PREFILL_WEIGHTS, Math.ceil(bytes / matrix.nBytes)));
  const many = productGraph(weights, 1);
  const few = productGraph(weights.slice(0, PREFILL_WEIGHTS), PREFILL);
  const table = lookupGraph(weights[0]!);
  const kinds = quant.blockSize > 1 ? options.activations : (['exact'] as const);
  const backends = await Promise.all(
    kinds.map((activations) =>
      openProducts(matrix, { weights, graph: few, part: many, build, threads, activations, host }),
    ),
  );

  const macs = quant.name === 'f32' ? 'f32' : isFixed(quant) ? 'dot16' : 'dot';
  const limits = { bytes: 'read', macs } as const;
  const product = (backend: Backend, what: string, graph: Graph, nTokens: number, nChecked: number): BenchCase => {
    const { activations } = backend;
    const name = activations === 'fast' ? `${what}, fast` : what;
    const program = backend.prepare(graph);
    const [node, step] = [graph.nodes[0] as Node, stepOf(nTokens)];
    return {
      op: `matmul ${quant.name}`,
      name,
      check: () => checkProduct(program, graph, wantedProduct(graph, matrix, nChecked), activations),
      run: () => program.run(step),
      bytes: graph.nodes.length * matrix.nBytes,
      macs: (graph.nodes.length * node.op.cost(node, step).flops) / 2,
      limits,
    };
  };
  return {
    cases: [
      ...backends.map((backend) => product(backend, 'decode', many, 1, 1)),
      ...backends.map((backend) => product(backend, `prefill ${PREFILL}`, few, PREFILL, CHECKED)),
      lookup(quant, backends[0]!.prepare(table), table, matrix.floats),
    ],
    close: async () => void (await Promise.all(backends.map((backend) => backend.dispose()))),
  };
}

/** Rows of the token table, decoded. */
export function lookup(quant: QuantType, program: Program, graph: Graph, floats: Float32Array): BenchCase {
  const step: Step = { tokens: Int32Array.from({ length: PREFILL }, (_, i) => (i * 977) % ROWS), pos: 0, nLogits: 0 };
  const node = graph.nodes[0] as Node;
  return {
    op: `embed ${quant.name}`,
    name: `prefill ${PREFILL}`,
    async check() {
      await program.run(step);
      const wanted = new Float32Array(PREFILL * COLS);
      node.op.reference({ node, step, out: wanted, inputs: [floats] });
      return {
        error: errorOf(await program.read(node.out), wanted),
        tolerance: isFixed(quant) ? FIXED_TOLERANCE : EMBED_TOLERANCE,
      };
    },
    run: () => program.run(step),
    bytes: node.op.cost(node, step).bytes,
    macs: 0,
    limits: { bytes: 'copy', macs: 'f32' },
  };
}

const isFixed = ({ name }: QuantType): boolean => name === 'f16' || name === 'bf16';

export function lookupGraph(table: Value): Graph {
  const g = new Recorder({ nCtx: PREFILL, maxTokens: PREFILL, maxLogits: 1 });
  return g.finish(g.embed(table));
}
