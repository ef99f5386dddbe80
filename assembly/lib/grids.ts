import { Spread } from './spread';

/**
 * The grids that IQ types choose rows of weights from, as digits: src/quants/grids.ts has them and lays them out like this. Only packing reads
 * them. The host puts them into the memory and says where.
 */
let base: usize = 0;

/** Called once per instance, before any kernel runs. */
export function set_grids(address: usize): void {
  base = address;
}

/** Where a grid begins; each row has 16 bits. */
export class Grid {
  @inline
  static get iq2_xxs(): usize {
    return base;
  }

  @inline
  static get iq2_xs(): usize {
    return base + 512;
  }

  @inline
  static get iq2_s(): usize {
    return base + 1536;
  }

  @inline
  static get iq3_xxs(): usize {
    return base + 3584;
  }

  @inline
  static get iq3_s(): usize {
    return base + 4096;
  }

  @inline
  static get iq1(): usize {
    return base + 5120;
  }

  /** Two rows of eight digits. */
  static eights(grid: usize, row0: u32, row1: u32): v128 {
    return Spread.twos(Grid.row(grid, row0) | (Grid.row(grid, row1) << 16));
  }

  /** Four rows of four digits. */
  static fours(grid: usize, row0: u32, row1: u32, row2: u32, row3: u32): v128 {
    const low = Grid.row(grid, row0) | (Grid.row(grid, row1) << 16);
    const high = Grid.row(grid, row2) | (Grid.row(grid, row3) << 16);
    return Spread.nibbles((<u64>low) | ((<u64>high) << 32));
  }

  @inline
  private static row(grid: usize, i: u32): u32 {
    return load<u16>(grid + 2 * i);
  }
}

/** Sixteen signs from two times seven bits: of eight, an even number is negative. */
export function evenSigns(low: u32, high: u32): u32 {
  return evenEight(low & 127) | (evenEight(high & 127) << 8);
}

function evenEight(seven: u32): u32 {
  return seven | ((popcnt(seven) & 1) << 7);
}
