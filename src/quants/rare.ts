import type { QuantType } from './quant_type.ts';

/** By name. */
type Decoders = Record<string, NonNullable<QuantType['dequantize']>>;

const loaded: Decoders = {};

type Row = Omit<QuantType, 'load' | 'dequantize'>;

/** A type that few files hold. What decodes it is a module of its own, which no page loads before it meets such a file: see `load`. */
const lazy =
  (from: () => Promise<{ readonly decoders: Decoders }>) =>
  (row: Row): QuantType => ({
    ...row,
    load: async () => void (row.name in loaded || Object.assign(loaded, (await from()).decoders)),
    dequantize: (src, dst) => loaded[row.name]!(src, dst),
  });

export const rare = lazy(() => import('./more.ts'));

const fromGrids = () => import('./grid_types.ts');

/** Types whose weights are rows of a grid. */
export const gridded = (row: Row): QuantType => ({
  ...lazy(fromGrids)(row),
  grids: async () => (await fromGrids()).digits(),
});
