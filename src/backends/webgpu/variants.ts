import type { ActivationKind } from '../../graph/activations.ts';
import type { Node, Value } from '../../graph/graph.ts';
import { colsOf } from '../../ops/op.ts';
import type { GpuFeature } from '../../platform/gpu.ts';
import { isOfFloats } from './planes.ts';

/**
 * The kernels that can do a product. All of them give the same numbers but for rounding; which is fastest only a device can tell. The plain
 * one comes first, and runs everywhere.
 */

/** Steps of few rows read the matrix for each of them; the others go by tiles, which are as large as pays. */
export type Steps = 'few' | 'some' | 'many';

interface StepRange {
  /** Rows, both included. */
  readonly from: number;
  readonly to: number;
  /** What a kernel is timed with, as far as a graph takes so many. */
  readonly usual: number;
}

export const stepRanges: Readonly<Record<Steps, StepRange>> = {
  few: { from: 1, to: 4, usual: 1 },
  some: { from: 5, to: 16, usual: 8 },
  many: { from: 17, to: Infinity, usual: Infinity },
};

/** Steps of at most so many rows are few. */
export const FEW = stepRanges.few.to;

export const stepNames = Object.keys(stepRanges) as Steps[];

/** How a kernel takes activations: lib/x_… and lib/put_… of kernels/. */
export type FormName = 'floats' | 'digits' | 'levels' | 'halves';

interface Form {
  readonly needs: readonly GpuFeature[];
  /** Whether 8 bits of an activation are left, or less than 12: for those who ask for fast ones. */
  readonly isFast?: boolean;
  /** By how much products may differ from those of plain loops, relative to the largest; absent: as all kernels' may. */
  readonly tolerance?: number;
  /** Vectors of four words that 32 columns become; absent: they stay as they are. */
  readonly vectors?: number;
  readonly tile: Tile;
}

/** What a tile in workgroup memory holds: lib/tile_…, and bytes of a row of the matrix and of a token there. */
interface Tile {
  readonly name: 'floats' | 'halves' | 'levels';
  readonly rowBytes: number;
  readonly tokenBytes: number;
}

export const forms: Readonly<Record<FormName, Form>> = {
  floats: { needs: [], tile: { name: 'floats', rowBytes: 144, tokenBytes: 144 } },
  digits: { needs: ['dots'], vectors: 5, tile: { name: 'levels', rowBytes: 48, tokenBytes: 80 } },
  halves: {
    needs: ['f16'],
    vectors: 5,
    tile: { name: 'halves', rowBytes: 88, tokenBytes: 80 },
    isFast: true,
    tolerance: 0.01,
  },
  levels: {
    needs: ['dots'],
    vectors: 3,
    tile: { name: 'levels', rowBytes: 48, tokenBytes: 48 },
    isFast: true,
    tolerance: 0.03,
  },
};

/** Numbers of a kernel on which its result does not depend. */
export type Sizes = Readonly<Record<string, number>>;

/** How the sums of a row's threads come together: lib/by_… of kernels/. */
interface Adder {
  readonly name: string;
  readonly needs: readonly GpuFeature[];
}

const byLanes: Adder = { name: 'lanes', needs: [] };
const bySubgroups: Adder = { name: 'subgroups', needs: ['subgroups'] };
/** Threads have rows of their own: nothing is added up. */
const byThreads: Adder = { name: 'threads', needs: [] };
/** The same, but columns are read together. */
const byShares: Adder = { name: 'shares', needs: ['subgroups'] };

/** How many rows of the matrix a thread multiplies with a row of activations: lib/rows_… of kernels/. */
type ThreadRows = 8 | 4;

/** Threads of a workgroup, and how many of them share such rows. */
const fewSizes: readonly Sizes[] = [
  { threads: 64, lanes: 16 },
  { threads: 64, lanes: 32 },
  { threads: 64, lanes: 64 },
  { threads: 32, lanes: 8 },
  { threads: 64, lanes: 4 },
  { threads: 128, lanes: 32 },
];

/** The same where threads share nothing. */
const aloneSizes: readonly Sizes[] = [
  { threads: 8, lanes: 1 },
  { threads: 64, lanes: 1 },
];

/** How many rows of a tile, and how many tokens, a thread multiplies: lib/each_… */
type Each = 4 | 8;

const eaches: readonly Each[] = [4, 8];

/** Rows and tokens of a tile; kernels/lib/tile.wgsl says how many threads that takes. */
const tileSizes: Readonly<Record<'some' | 'many', Readonly<Record<Each, readonly Sizes[]>>>> = {
  some: {
    4: [
      { threads: 32, tileRows: 64, tileTokens: 8 },
      { threads: 64, tileRows: 128, tileTokens: 8 },
      { threads: 64, tileRows: 64, tileTokens: 16 },
    ],
    8: [
      { threads: 32, tileRows: 256, tileTokens: 8 },
      { threads: 32, tileRows: 128, tileTokens: 16 },
      { threads: 16, tileRows: 64, tileTokens: 16 },
    ],
  },
  many: {
    4: [
      { threads: 128, tileRows: 64, tileTokens: 32 },
      { threads: 64, tileRows: 32, tileTokens: 32 },
      { threads: 256, tileRows: 64, tileTokens: 64 },
    ],
    8: [
      { threads: 32, tileRows: 64, tileTokens: 32 },
      { threads: 64, tileRows: 64, tileTokens: 64 },
      { threads: 128, tileRows: 128, tileTokens: 64 },
      { threads: 16, tileRows: 64, tileTokens: 16 },
    ],
  },
};

export interface Variant {
  readonly name: string;
  /** Nothing else is needed where it works: it runs everywhere. */
  readonly isPlain: boolean;
  readonly form: FormName;
  /** Rows of the matrix that a thread multiplies. */
  readonly threadRows: number;
  /** Files of kernels/ behind the weight type's, the kernel's own last. */
  readonly files: readonly string[];
  /** What a device must have for it. */
  readonly needs: readonly GpuFeature[];
  readonly isFast: boolean;
  /** It suits processors: neighbouring threads read what lies apart, which GPUs are slow at. Its threads can do the gates of their rows. */
  readonly isForSoftware: boolean;
  readonly tolerance?: number | undefined;
  /** Worth a try; the first is taken where none was tried. */
  readonly sizes: readonly Sizes[];
  /** Of a workgroup's memory. */
  bytes(sizes: Sizes): number;
}

/** What a kernel says of a thread's rows where they follow each other; the first is for those that are told to gate. */
const WHOLE_ROWS = 'lib/whole_rows';

/** A variant's files where a norm behind its products is begun. */
export const normedFiles = ({ files }: Variant): string[] =>
  files.map((file) => (file === WHOLE_ROWS ? 'lib/normed_rows' : file));

/** A variant's files where its threads gate, as the op of this name does. */
export const gatedFiles = ({ files }: Variant, op: string): string[] =>
  files.flatMap((file) => (file === WHOLE_ROWS ? [`lib/gate_${op}`, 'lib/gated_rows'] : [file]));

function few(form: FormName, adder: Adder, threadRows: ThreadRows): Variant {
  const isForSoftware = adder === byThreads || adder === byShares;
  const { needs, isFast = false, tolerance } = forms[form];
  return {
    name: `mat_vec, ${form}, ${threadRows} rows by ${adder.name}`,
    isPlain: form === 'floats' && threadRows === 8 && adder === byLanes,
    form,
    threadRows,
    files: [
      ...[`lib/rows_${threadRows}`, WHOLE_ROWS, `lib/by_${adder.name}`, `lib/x_${form}`],
      ...(adder === byShares ? [] : ['lib/reads_alone']),
      'mat_vec',
    ],
    needs: [...needs, ...adder.needs],
    isFast,
    tolerance,
    isForSoftware,
    sizes: isForSoftware ? aloneSizes : fewSizes,
    bytes: ({ threads, lanes }) => (threads! / lanes!) * threadRows * (lanes! + 1) * 4,
  };
}

function byTiles(form: FormName, steps: 'some' | 'many', each: Each): Variant {
  const { needs, isFast = false, tolerance, tile } = forms[form];
  return {
    name: `mat_mul, ${form}, ${each} by ${each}`,
    isPlain: form === 'floats' && each === 4,
    isForSoftware: false,
    form,
    threadRows: each,
    files: [`lib/each_${each}`, `lib/x_${form}`, `lib/tile_${tile.name}`, 'mat_mul'],
    needs,
    isFast,
    tolerance,
    sizes: tileSizes[steps][each],
    bytes: ({ tileRows, tileTokens }) => tileRows! * tile.rowBytes + tileTokens! * tile.tokenBytes,
  };
}

/** What steps of few rows can take. (Subgroups save more of a thread's work where it has fewer rows.) */
const fewOf = (form: FormName): Variant[] => [
  few(form, byLanes, 8),
  few(form, byLanes, 4),
  few(form, bySubgroups, 4),
  few(form, byThreads, 4),
  few(form, byShares, 4),
];

const formNames = Object.keys(forms) as FormName[];

type Variants = Readonly<Record<Steps, readonly Variant[]>>;

/** For weights of levels. */
const ofLevels: Variants = {
  few: formNames.flatMap(fewOf),
  some: formNames.flatMap((form) => eaches.map((each) => byTiles(form, 'some', each))),
  many: formNames.flatMap((form) => eaches.map((each) => byTiles(form, 'many', each))),
};

/** Whether a subgroup reads columns together. */
export const sharesColumns = ({ files }: Variant): boolean => files.includes('lib/by_shares');

/** For weights of floats, with the file that reads activations. */
function ofFloats(columns: string): Variants {
  const twin = ({ files, ...rest }: Variant): Variant => {
    const own = files.filter((file) => !/^lib\/(x|tile|reads)_/.test(file));
    return { ...rest, files: [columns, ...own.slice(0, -1), `${own.at(-1)}_floats`] };
  };
  return {
    few: fewOf('floats')
      .filter((variant) => !sharesColumns(variant)) // these have no columns to share
      .map(twin),
    some: eaches.map((each) => twin(byTiles('floats', 'some', each))),
    many: eaches.map((each) => twin(byTiles('floats', 'many', each))),
  };
}

const inFours = ofFloats('lib/columns_in_fours');
const ofAny = ofFloats('lib/columns_of_any');

/** What decides which variants there are. */
export interface Able {
  has(feature: GpuFeature): boolean;
  readonly activations: ActivationKind;
  /** Memory of a workgroup, at the most. */
  readonly workgroupBytes: number;
}

/** The variants for a product with this matrix, the plain one first, with the sizes that a device can run. */
export function variantsFor(weight: Value, steps: Steps, { has, activations, workgroupBytes }: Able): Variant[] {
  const all = !isOfFloats(weight.quant) ? ofLevels : colsOf(weight) % 4 === 0 ? inFours : ofAny;
  return all[steps]
    .filter(({ needs, isFast }) => needs.every(has) && (!isFast || activations === 'fast'))
    .map((variant) => ({ ...variant, sizes: variant.sizes.filter((sizes) => variant.bytes(sizes) <= workgroupBytes) }))
    .filter(({ sizes }) => sizes.length > 0);
}

/** A variant, ready to be used. */
export interface Choice {
  readonly variant: Variant;
  readonly sizes: Sizes;
}

/** Picks one for each product of a graph, and for each kind of steps. */
export type Chooser = (node: Node, steps: Steps) => Choice;

/** What every device is able to do. */
const least: Able = { has: () => false, activations: 'exact', workgroupBytes: 16384 };

/** The plain ones. */
export const choosePlain: Chooser = ({ inputs: [weight] }, steps) => {
  const [variant] = variantsFor(weight!, steps, least);
  return { variant: variant!, sizes: variant!.sizes[0]! };
};
