import type { Tensor } from '../../../graph/tensor.ts';
import type { WeightLayout } from '../weights.ts';

/**
 * What stays in memory, and what comes by, for a number of bytes. All of this lies in one region:
 *
 *     | ring: units, one behind the other | areas | areas for experts | rows of a token table: as in the file, packed │ a step | slots of experts |
 *
 * A unit has the same place in each step, so records need not be written anew. Units that stay lie between units that come by: while they are
 * computed, the next ones are read.
 */
export interface Paging {
  /** Weights without a place of their own. */
  readonly stored: ReadonlySet<string>;
  /** Where those lie that come by as a whole, from the beginning of the region. */
  readonly places: ReadonlyMap<string, number>;
  readonly units: readonly PlacedUnit[];
  readonly tables: readonly RowsPlace[];
  /** Layers whose experts come by, in order, and the names of all their stacks. */
  readonly experts: readonly ExpertPlace[];
  readonly stacks: readonly string[];
  /** From the beginning of the region: areas for bytes as the file has them. */
  readonly stagingAt: number;
  readonly nAreas: number;
  readonly areaBytes: number;
  /** The same for experts. */
  readonly expertStagingAt: number;
  readonly expertAreas: number;
  readonly expertAreaBytes: number;
  /** Of the whole region. */
  readonly bytes: number;
  /** What a step of one token reads, as the file has it, if its experts are not in memory. */
  readonly bytesPerToken: number;
}

/** A unit's stretch of the ring. */
export interface PlacedUnit {
  readonly weights: readonly Tensor[];
  readonly begin: number;
  readonly end: number;
}

/** A token table of which the rows of a step come by. */
export interface RowsPlace {
  readonly table: Tensor;
  /** In the file. */
  readonly rowBytes: number;
  readonly rawAt: number;
  readonly packedAt: number;
  /** A step whose tokens are 0, 1, 2 …: row t of what came is that of token t. */
  readonly stepAt: number;
}

/** A layer's slots. Each takes one expert: a matrix of each stack. */
export interface ExpertPlace {
  readonly stacks: readonly { readonly tensor: Tensor; readonly layout: WeightLayout; readonly at: number }[];
  readonly nExperts: number;
  readonly nSlots: number;
  readonly slotsAt: number;
  readonly slotBytes: number;
}
