import { Activations } from './activations';
import { Panel } from './panel';
import { TILE_BYTES } from './tile_dots';

/**
 * From a tile's integer sums (lib/tile_dots.ts) to results: the same operations in the same order as in lib/mat_vec.ts, which
 * spells them out. Q is the type of weights, A the kind of activations; `totals` are [nTokens, 8 rows] f32. Two
 * tokens at a time: scales are loaded for both, and four sums are enough to hide that an addition takes four cycles.
 */
@unmanaged
export class TileSums<Q, A> {
  /** Adds `nBlocks` blocks that stand alone; x0 and x1 are two tokens' activations. */
  addBlocks(totals: usize, dots: usize, panel: usize, x0: usize, x1: usize, nBlocks: u32): void {
    const p = changetype<Panel<Q>>(0);
    const a = changetype<Activations<Q, A>>(0);
    let a0 = v128.load(totals); // rows 0 … 3, token by token
    let b0 = v128.load(totals, 16); // rows 4 … 7
    let a1 = v128.load(totals, 32);
    let b1 = v128.load(totals, 48);
    for (const end = dots + nBlocks * TILE_BYTES; dots < end; dots += TILE_BYTES) {
      const a8 = p.scales(panel, 0);
      const b8 = p.scales(panel, 1);
      const s0 = v128.load32_splat(x0 + a.scale);
      const z0 = this.start(x0 + a.sums);
      a0 = this.add(a0, i32x4.add(v128.load(dots), z0), f32x4.mul(a8, s0));
      b0 = this.add(b0, i32x4.add(v128.load(dots, 16), z0), f32x4.mul(b8, s0));
      const s1 = v128.load32_splat(x1 + a.scale);
      const z1 = this.start(x1 + a.sums);
      a1 = this.add(a1, i32x4.add(v128.load(dots, 32), z1), f32x4.mul(a8, s1));
      b1 = this.add(b1, i32x4.add(v128.load(dots, 48), z1), f32x4.mul(b8, s1));
      if (changetype<Q>(0).hasMins) {
        const am = p.mins(panel, 0);
        const bm = p.mins(panel, 1);
        const t0 = v128.load32_splat(x0 + a.scaledSum);
        a0 = f32x4.add(a0, f32x4.mul(am, t0));
        b0 = f32x4.add(b0, f32x4.mul(bm, t0));
        const t1 = v128.load32_splat(x1 + a.scaledSum);
        a1 = f32x4.add(a1, f32x4.mul(am, t1));
        b1 = f32x4.add(b1, f32x4.mul(bm, t1));
      }
      panel += p.subBytes;
      x0 += a.bytes;
      x1 += a.bytes;
    }
    v128.store(totals, a0);
    v128.store(totals, b0, 16);
    v128.store(totals, a1, 32);
    v128.store(totals, b1, 48);
  }

  /** Adds a super-block. */
  addSuper(totals: usize, dots: usize, panel: usize, x0: usize, x1: usize): void {
    const p = changetype<Panel<Q>>(0);
    const a = changetype<Activations<Q, A>>(0);
    let a0 = f32x4.splat(0); // rows 0 … 3, token by token
    let b0 = a0; // rows 4 … 7
    let a1 = a0;
    let b1 = a0;
    let m0 = i32x4.splat(0); // mins of rows 0 … 3
    let n0 = m0; // of rows 4 … 7
    let m1 = m0;
    let n1 = m0;
    let sub = panel;
    for (let at: usize = a.sums; at < a.sums + 4 * p.unitSubs; at += 4) {
      const a8 = p.scales(sub, 0);
      const b8 = p.scales(sub, 1);
      const z0 = this.start(x0 + at);
      a0 = this.add(a0, i32x4.add(v128.load(dots), z0), a8);
      b0 = this.add(b0, i32x4.add(v128.load(dots, 16), z0), b8);
      const z1 = this.start(x1 + at);
      a1 = this.add(a1, i32x4.add(v128.load(dots, 32), z1), a8);
      b1 = this.add(b1, i32x4.add(v128.load(dots, 48), z1), b8);
      if (changetype<Q>(0).hasMins) {
        const am = p.mins(sub, 0);
        const bm = p.mins(sub, 1);
        const t0 = v128.load32_splat(x0 + at);
        m0 = i32x4.add(m0, i32x4.mul(am, t0));
        n0 = i32x4.add(n0, i32x4.mul(bm, t0));
        const t1 = v128.load32_splat(x1 + at);
        m1 = i32x4.add(m1, i32x4.mul(am, t1));
        n1 = i32x4.add(n1, i32x4.mul(bm, t1));
      }
      dots += TILE_BYTES;
      sub += p.subBytes;
    }
    this.addEnd(totals, a0, b0, m0, n0, sub, x0);
    this.addEnd(totals + 32, a1, b1, m1, n1, sub, x1);
  }

  /** One token's part with a super-block's own scales; `end` is where they are. */
  @inline
  private addEnd(totals: usize, part0: v128, part1: v128, mins0: v128, mins1: v128, end: usize, x: usize): void {
    const scale = v128.load32_splat(x + changetype<Activations<Q, A>>(0).scale);
    let f0 = f32x4.add(v128.load(totals), f32x4.mul(part0, f32x4.mul(v128.load(end), scale)));
    let f1 = f32x4.add(v128.load(totals, 16), f32x4.mul(part1, f32x4.mul(v128.load(end, 16), scale)));
    if (changetype<Q>(0).hasMins) {
      f0 = this.add(f0, mins0, f32x4.mul(v128.load(end, 32), scale));
      f1 = this.add(f1, mins1, f32x4.mul(v128.load(end, 48), scale));
    }
    v128.store(totals, f0);
    v128.store(totals, f1, 16);
  }

  /** What makes sums of a panel's levels those of the true ones. */
  @inline
  private start(sum: usize): v128 {
    const bias = changetype<Panel<Q>>(0).bias;
    return bias == 0 ? i32x4.splat(0) : i32x4.shl(v128.load32_splat(sum), ctz(bias));
  }

  /**
   * Four rows' sums with integers added, times their scales. A sub-block's integers have at most 24 bits, so that as floats
   * they are exact, and their product with an integer scale is rounded once; lib/super_blocks.ts says what holds for others.
   */
  @inline
  private add(sums: v128, dots: v128, scale: v128): v128 {
    return f32x4.add(sums, f32x4.mul(f32x4.convert_i32x4_s(dots), scale));
  }
}
