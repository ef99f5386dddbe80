import { bytesFor, type QuantType } from '../../quants/quant_type.ts';
import type { StateLayout } from './lower.ts';

/** A cache in memory. */
export interface StatePlace extends StateLayout {
  readonly at: number;
  readonly cols: number;
  readonly quant: QuantType;
}

/** As rows lie that each step replaces: megabytes of them, and each text begins with zeros. */
export const liesAsSaved = ({ headDim, cols, interleave, nPositions, quant }: StatePlace, end: number): boolean =>
  headDim === cols && interleave === 1 && quant.blockSize === 1 && end <= nPositions;

export const rowBytes = ({ cols, quant }: StatePlace): number => bytesFor(quant, cols);
