import type { ActivationKind } from '../../graph/activations.ts';
import type { Node, Value } from '../../graph/graph.ts';
import { colsOf } from '../../ops/op.ts';
import type { GpuFeature } from '../../platform/gpu.ts';
import { isOfFloats } from './planes.ts';

/**
 * The kernels that can do a product. All of them give the same numbers but for rounding; which is fastest only a device can tell. The plain
 * one comes first, and runs everywhere.
 */

/** Steps of few rows read the matrix for each of them; steps of many go by tiles. */
export type Steps = 'few' | 'many';

/** Steps of so many rows are few. */
export const FEW = 4;

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

const adders: readonly Adder[] = [
  { name: 'lanes', needs: [] },
  { name: 'subgroups', needs: ['subgroups'] },
];

/** Threads of a workgroup, and how many of them share four rows of the matrix. */
const fewSizes: readonly Sizes[] = [
  { threads: 64, lanes: 16 },
  { threads: 64, lanes: 32 },
  { threads: 64, lanes: 64 },
  { threads: 32, lanes: 8 },
  { threads: 128, lanes: 32 },
];

/** How many rows of a tile, and how many tokens, a thread multiplies: lib/each_… */
type Each = 4 | 8;

const eaches: readonly Each[] = [4, 8];

/** Rows and tokens of a tile; kernels/lib/tile.wgsl says how many threads that takes. */
const manySizes: Readonly<Record<Each, readonly Sizes[]>> = {
  4: [
    { threads: 128, tileRows: 64, tileTokens: 32 },
    { threads: 64, tileRows: 32, tileTokens: 32 },
    { threads: 256, tileRows: 64, tileTokens: 64 },
  ],
  8: [
    { threads: 32, tileRows: 64, tileTokens: 32 },
    { threads: 64, tileRows: 64, tileTokens: 64 },
    { threads: 128, tileRows: 128, tileTokens: 64 },
  ],
};

export interface Variant {
  readonly name: string;
  /** Nothing else is needed where it works: it runs everywhere. */
  readonly isPlain: boolean;
  readonly form: FormName;
  /** Files of kernels/ behind the weight type's, the kernel's own last. */
  readonly files: readonly string[];
  /** What a device must have for it. */
  readonly needs: readonly GpuFeature[];
  readonly isFast: boolean;
  readonly tolerance?: number | undefined;
  /** Worth a try; the first is taken where none was tried. */
  readonly sizes: readonly Sizes[];
  /** Of a workgroup's memory. */
  bytes(sizes: Sizes): number;
}

function few(form: FormName, adder: Adder): Variant {
  const { needs, isFast = false, tolerance } = forms[form];
  return {
    name: `mat_vec, ${form}, by ${adder.name}`,
    isPlain: form === 'floats' && adder.needs.length === 0,
    form,
    files: [`lib/by_${adder.name}`, `lib/x_${form}`, 'mat_vec'],
    needs: [...needs, ...adder.needs],
    isFast,
    tolerance,
    sizes: fewSizes,
    bytes: ({ threads, lanes }) => (threads! / lanes!) * (lanes! + 1) * 16,
  };
}

function many(form: FormName, each: Each): Variant {
  const { needs, isFast = false, tolerance, tile } = forms[form];
  return {
    name: `mat_mul, ${form}, ${each} by ${each}`,
    isPlain: form === 'floats' && each === 4,
    form,
    files: [`lib/each_${each}`, `lib/x_${form}`, `lib/tile_${tile.name}`, 'mat_mul'],
    needs,
    isFast,
    tolerance,
    sizes: manySizes[each],
    bytes: ({ tileRows, tileTokens }) => tileRows! * tile.rowBytes + tileTokens! * tile.tokenBytes,
  };
}

const formNames = Object.keys(forms) as FormName[];

/** For weights of levels. */
const ofLevels: Readonly<Record<Steps, readonly Variant[]>> = {
  few: formNames.flatMap((form) => adders.map((adder) => few(form, adder))),
  many: formNames.flatMap((form) => eaches.map((each) => many(form, each))),
};

/** For weights of floats, with the files that read activations. */
function ofFloats(columns: string): Readonly<Record<Steps, readonly Variant[]>> {
  const twin = ({ name, ...rest }: Variant, files: readonly string[]): Variant => ({
    ...rest,
    name: `${name}, of floats`,
    files: [columns, ...files],
  });
  return {
    few: adders.map((adder) => twin(few('floats', adder), [`lib/by_${adder.name}`, 'mat_vec_floats'])),
    many: eaches.map((each) => twin(many('floats', each), [`lib/each_${each}`, 'mat_mul_floats'])),
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
