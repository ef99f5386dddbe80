import { Lanes, storePair } from './lib/math';
import { Record } from './lib/record';
import { Blocks, GATE_TOKENS } from './lib/recurrence';
import { scratch } from './lib/scratch';

@unmanaged
class DeltaNetRecord extends Record {
  out: usize; // [nTokens, nHeads * headDim]
  q: usize; // [nTokens, nKeyHeads * headDim]
  k: usize; // [nTokens, nKeyHeads * headDim]
  v: usize; // [nTokens, nHeads * headDim]
  alpha: usize; // [nTokens, nHeads]
  beta: usize; // [nTokens, nHeads]
  a: usize; // [nHeads]
  dt: usize; // [nHeads]
  state: usize; // [nHeads * headDim, headDim], in blocks of columns, see lib/recurrence.ts
  keyCols: u32;
  cols: u32;
  headDim: u32;
}

/** Scratch memory: decays of a few tokens, then their rates. */
const RATES: u32 = 4 * GATE_TOKENS;

export function delta_net_scratch_bytes(_record: DeltaNetRecord): u32 {
  return 2 * RATES;
}

export function delta_net_state_columns(record: DeltaNetRecord): u32 {
  return Blocks.columns(record.headDim);
}

export function delta_net_items(record: DeltaNetRecord): u32 {
  return (record.cols / record.headDim) * Blocks.count(record.headDim);
}

/**
 * The gated delta rule of src/ops/delta_net.ts; an item is a block of columns of a head's matrix. For each column, with sums from its
 * first number to its last, those of even and of odd rows apart:
 *
 *     by = rate · (v - decay · (Σ S k of even rows + Σ S k of odd rows))
 *     S = S · decay + k · by
 *     out = Σ S q
 */
export function delta_net(record: DeltaNetRecord, begin: u32, end: u32): void {
  const headDim = record.headDim;
  const nColumns = Blocks.columns(headDim);
  const nBlocks = Blocks.count(headDim);
  const nTokens = record.step.nTokens;
  for (let item = begin; item < end; item++) {
    const head = item / nBlocks;
    const first = (item % nBlocks) * nColumns;
    const state = record.state + ((first * record.cols + head * headDim * nColumns) << 2);
    const keyHead = ((head * headDim) % record.keyCols) << 2;
    const column = (head * headDim + first) << 2;
    for (let t: u32 = 0; t < nTokens; t++) {
      if (t % GATE_TOKENS == 0) gates(record, head, t, min(nTokens - t, GATE_TOKENS));
      const gate = scratch() + ((t % GATE_TOKENS) << 2);
      const key = t * (record.keyCols << 2) + keyHead;
      const at = t * (record.cols << 2) + column;
      const k = record.k + key;
      const q = record.q + key;
      if (nColumns > 1) block(state, k, k + (headDim << 2), q, record.v + at, record.out + at, gate);
      else single(state, k, k + (headDim << 2), q, record.v + at, record.out + at, gate);
    }
  }
}

/** What `n` tokens leave of a head's matrix, and how far they correct it. */
function gates(record: DeltaNetRecord, head: u32, t: u32, n: u32): void {
  const nHeads = record.cols / record.headDim;
  const at = (t * nHeads + head) << 2;
  const alpha = f32x4.add(Blocks.gather(record.alpha + at, nHeads, n), v128.load32_splat(record.dt + (head << 2)));
  v128.store(scratch(), Blocks.fade(record.a + (head << 2), Lanes.softplus(alpha)));
  v128.store(scratch() + RATES, Lanes.gate(f32x4.splat(1), Blocks.gather(record.beta + at, nHeads, n)));
}

/** A token's part of a block of 16 columns. */
function block(state: usize, k: usize, kEnd: usize, q: usize, v: usize, out: usize, gate: usize): void {
  let even0 = f32x4.splat(0);
  let even1 = f32x4.splat(0);
  let even2 = f32x4.splat(0);
  let even3 = f32x4.splat(0);
  let odd0 = f32x4.splat(0);
  let odd1 = f32x4.splat(0);
  let odd2 = f32x4.splat(0);
  let odd3 = f32x4.splat(0);
  let s = state;
  for (let i = k; i < kEnd; i += 8, s += 128) {
    const even = v128.load32_splat(i);
    even0 = f32x4.add(even0, f32x4.mul(v128.load(s), even));
    even1 = f32x4.add(even1, f32x4.mul(v128.load(s, 16), even));
    even2 = f32x4.add(even2, f32x4.mul(v128.load(s, 32), even));
    even3 = f32x4.add(even3, f32x4.mul(v128.load(s, 48), even));
    const odd = v128.load32_splat(i, 4);
    odd0 = f32x4.add(odd0, f32x4.mul(v128.load(s, 64), odd));
    odd1 = f32x4.add(odd1, f32x4.mul(v128.load(s, 80), odd));
    odd2 = f32x4.add(odd2, f32x4.mul(v128.load(s, 96), odd));
    odd3 = f32x4.add(odd3, f32x4.mul(v128.load(s, 112), odd));
  }
  const decay = v128.load32_splat(gate);
  const rate = v128.load32_splat(gate, RATES);
  const by0 = f32x4.mul(rate, f32x4.sub(v128.load(v), f32x4.mul(decay, f32x4.add(even0, odd0))));
  const by1 = f32x4.mul(rate, f32x4.sub(v128.load(v, 16), f32x4.mul(decay, f32x4.add(even1, odd1))));
  const by2 = f32x4.mul(rate, f32x4.sub(v128.load(v, 32), f32x4.mul(decay, f32x4.add(even2, odd2))));
  const by3 = f32x4.mul(rate, f32x4.sub(v128.load(v, 48), f32x4.mul(decay, f32x4.add(even3, odd3))));
  let sum0 = f32x4.splat(0);
  let sum1 = f32x4.splat(0);
  let sum2 = f32x4.splat(0);
  let sum3 = f32x4.splat(0);
  s = state;
  for (; k < kEnd; k += 4, q += 4, s += 64) {
    const key = v128.load32_splat(k);
    const query = v128.load32_splat(q);
    const s0 = f32x4.add(f32x4.mul(v128.load(s), decay), f32x4.mul(key, by0));
    const s1 = f32x4.add(f32x4.mul(v128.load(s, 16), decay), f32x4.mul(key, by1));
    const s2 = f32x4.add(f32x4.mul(v128.load(s, 32), decay), f32x4.mul(key, by2));
    const s3 = f32x4.add(f32x4.mul(v128.load(s, 48), decay), f32x4.mul(key, by3));
    storePair(s, s0, s1);
    storePair(s + 32, s2, s3);
    sum0 = f32x4.add(sum0, f32x4.mul(s0, query));
    sum1 = f32x4.add(sum1, f32x4.mul(s1, query));
    sum2 = f32x4.add(sum2, f32x4.mul(s2, query));
    sum3 = f32x4.add(sum3, f32x4.mul(s3, query));
  }
  storePair(out, sum0, sum1);
  storePair(out + 32, sum2, sum3);
}

/** That of a single column. */
function single(state: usize, k: usize, kEnd: usize, q: usize, v: usize, out: usize, gate: usize): void {
  let even: f32 = 0;
  let odd: f32 = 0;
  let s = state;
  for (let i = k; i < kEnd; i += 8, s += 8) {
    even += load<f32>(s) * load<f32>(i);
    if (i + 4 < kEnd) odd += load<f32>(s, 4) * load<f32>(i, 4);
  }
  const decay = load<f32>(gate);
  const by = load<f32>(gate, RATES) * (load<f32>(v) - decay * (even + odd));
  let sum: f32 = 0;
  s = state;
  for (; k < kEnd; k += 4, q += 4, s += 4) {
    const now = load<f32>(s) * decay + load<f32>(k) * by;
    store<f32>(s, now);
    sum += now * load<f32>(q);
  }
  store<f32>(out, sum);
}
