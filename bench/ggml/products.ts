import type { Build } from '../../src/platform/features.ts';
import { weight, type Graph } from '../../src/graph/graph.ts';
import { host } from '../lib/host.ts';
import type { Check } from '../measure/bench_case.ts';
import { wasmHome } from '../measure/case_home.ts';
import { checkProduct, copiesOf, openProducts, productGraph, stepOf, type TestMatrix } from '../measure/products.ts';
import type { Task } from '../measure/timing.ts';

/** Work that both libraries do: `times` × the product of each of `copies` matrices with the same input. */
export interface Work {
  readonly name: string;
  /** Rows that are used, of a matrix that may have more. */
  readonly rows: number;
  readonly copies: number;
  readonly times: number;
  readonly nTokens: number;
}

/** Some work, prepared by one of the libraries. */
export interface Product {
  /** Does the work; activations are quantised once. */
  run: Task['run'];
  /** Compares the product of the first tokens with `wanted`, which the definition made. */
  check(wanted: Float32Array): Promise<Check>;
}

/** A library with copies of a matrix in its memory. */
export interface Kernels {
  readonly engine: 'ggml' | Build;
  /** The graph describes the same work. */
  product(work: Work, graph: Graph): Product;
  close(): Promise<void> | void;
}

export const ROWS = 2048;
export const COLS = 2048;

/** Rows of a mat-vec whose weights, in any type, stay in the L2 cache. */
const CACHED_ROWS = 64;

/** Tokens of the matrix product. */
export const PREFILL = 512;

/** The work whose weights come from memory. */
export const MEMORY = 'mat-vec, memory';

/** The work on `nCopies` matrices: more than caches hold. */
export const worksOn = (nCopies: number): Work[] => [
  { name: MEMORY, rows: ROWS, copies: nCopies, times: 1, nTokens: 1 },
  { name: 'mat-vec, L2', rows: CACHED_ROWS, copies: 1, times: 64, nTokens: 1 },
  { name: `GEMM ${PREFILL}`, rows: ROWS, copies: 1, times: 1, nTokens: PREFILL },
];

/** The work as graphs: a node for each product. The cached rows are a weight of their own. */
export function graphsOf(works: readonly Work[], matrix: TestMatrix, nCopies: number) {
  const copies = copiesOf(matrix, nCopies);
  const cached = weight({ name: 'w.cached', quant: matrix.quant, shape: [CACHED_ROWS, COLS] });
  const graphs = works.map((work) => {
    const used = work.rows === ROWS ? copies.slice(0, work.copies) : [cached];
    const nodes = Array.from({ length: work.times }, () => used).flat();
    return productGraph(nodes, work.nTokens);
  });
  return { works, weights: [...copies, cached], graphs };
}

/** thimble's kernels of one build. */
export async function openThimble(
  matrix: TestMatrix,
  { weights, graphs }: ReturnType<typeof graphsOf>,
  build: Build,
): Promise<Kernels> {
  const home = wasmHome({ host: host(), build, threads: 1 });
  const { backend } = await openProducts(matrix, home, { weights, graph: graphs.at(-1)! });
  return {
    engine: build,
    product({ nTokens }, graph) {
      const program = backend.prepare(graph);
      return {
        run: () => program.run(stepOf(nTokens)),
        check: (wanted) => checkProduct(program, graph, wanted),
      };
    },
    close: () => backend.dispose(),
  };
}
