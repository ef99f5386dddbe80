import type { Build } from '../../src/platform/features.ts';
import type { QuantType } from '../../src/quants/quant_type.ts';
import { host } from '../lib/host.ts';
import type { Check } from '../measure/bench_case.ts';
import { openLimits, type Limits } from '../measure/limits.ts';
import { testMatrix, wantedProduct, type TestMatrix } from '../measure/products.ts';
import { interleave, type TimingOptions } from '../measure/timing.ts';
import type { GgmlKernels } from './kernels.ts';
import { COLS, graphsOf, openThimble, PREFILL, ROWS, worksOn, type Kernels, type Product } from './products.ts';
import type { GgmlLine } from './report.ts';

export interface MeasureOptions {
  readonly builds: readonly Build[];
  /** Bytes of weights that a mat-vec from memory reads. */
  readonly bytes: number;
  readonly timing: TimingOptions;
}

/** A product that was checked, or the read bandwidth; with its amount of work. */
type Entry = Pick<Product, 'run'> & Omit<GgmlLine, 'ms'>;

/** Tokens of a matrix product that is checked: few enough for plain loops. */
const CHECKED = 7;

/** All work on weights of one type, by ggml and by the builds, in turns. */
export async function measureType(
  quant: QuantType,
  ggml: GgmlKernels,
  { builds, bytes, timing }: MeasureOptions,
): Promise<GgmlLine[]> {
  const matrix = testMatrix(quant, ROWS, COLS);
  const nCopies = Math.ceil(bytes / matrix.nBytes);
  const shared = graphsOf(worksOn(nCopies), matrix, nCopies);
  const kernels: Kernels[] = [await ggml.open(matrix, nCopies, PREFILL)];
  for (const build of builds) kernels.push(await openThimble(matrix, shared, build));
  const limits = await openLimits({ build: 'simd', threads: 1, sweepBytes: bytes, host: host() });
  try {
    const entries = [readEntry(quant, limits), ...(await productEntries(matrix, shared, kernels))];
    const samples = await interleave(
      entries.map(({ run, work: name }) => ({ name, run })),
      timing,
    );
    return entries.map(({ run: _, ...entry }, i) => ({ ...entry, ms: samples[i]! }));
  } finally {
    await Promise.all([limits, ...kernels].map((one) => one.close()));
  }
}

const readEntry = ({ name: type }: QuantType, { read }: Limits): Entry => ({
  ...{ type, work: 'read', engine: 'read', run: () => read.run(), error: 0, macs: 0, bytes: read.amount },
});

/** @throws Error when a result is wrong: that is not worth timing. */
async function productEntries(
  matrix: TestMatrix,
  { works, graphs }: ReturnType<typeof graphsOf>,
  kernels: readonly Kernels[],
): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (const [i, work] of works.entries()) {
    const wanted = wantedProduct(graphs[i]!, matrix, Math.min(work.nTokens, CHECKED));
    const nRows = work.rows * work.copies * work.times;
    const amount = { macs: nRows * COLS * work.nTokens, bytes: (nRows / ROWS) * matrix.nBytes };
    for (const { engine, product } of kernels) {
      const { run, check } = product(work, graphs[i]!);
      const { error, tolerance }: Check = await check(wanted);
      const line = { type: matrix.quant.name, work: work.name, engine };
      if (!(error <= tolerance))
        throw new Error(`${Object.values(line).join(', ')}: off by ${error}, more than ${tolerance}`);
      entries.push({ ...line, run, error, ...amount });
    }
  }
  return entries;
}
