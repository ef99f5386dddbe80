import { Lanes, storePair } from './lib/math';
import { Record } from './lib/record';
import { GATE_TOKENS, Heads, ITEM_COLUMNS } from './lib/recurrence';
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
  state: usize; // [nHeads * headDim, headDim]
  keyCols: u32;
  cols: u32;
  headDim: u32;

  /** Into scratch memory: what a token corrects in four columns that now say `known`. */
  @inline
  static correct(v: usize, gate: usize, known: v128, offset: usize): void {
    const faded = f32x4.mul(v128.load32_splat(gate), known);
    const by = f32x4.mul(v128.load32_splat(gate + RATES), f32x4.sub(v128.load(v + offset), faded));
    v128.store(scratch() + CORRECTIONS + offset, by);
  }
}

/** Scratch memory: decays of a few tokens, their rates, and what a token corrects in each column of an item. */
const RATES: u32 = 4 * GATE_TOKENS;
const CORRECTIONS: u32 = 2 * RATES;

export function delta_net_scratch_bytes(_record: DeltaNetRecord): u32 {
  return CORRECTIONS + 4 * ITEM_COLUMNS;
}

export function delta_net_items(record: DeltaNetRecord): u32 {
  return (record.cols / record.headDim) * Heads.blocks(record.headDim);
}

/**
 * The gated delta rule of src/ops/delta_net.ts; an item is a block of columns of a head's matrix, see lib/recurrence.ts. For each column,
 * with sums from its first number to its last, those of even and of odd rows apart:
 *
 *     by = rate · (v - decay · (Σ S k of even rows + Σ S k of odd rows))
 *     S = S · decay + k · by
 *     out = Σ S q
 */
export function delta_net(record: DeltaNetRecord, begin: u32, end: u32): void {
  const headDim = record.headDim;
  const rowBytes = headDim << 2;
  const nBlocks = Heads.blocks(headDim);
  const nTokens = record.step.nTokens;
  for (let item = begin; item < end; item++) {
    const head = item / nBlocks;
    const first = (item % nBlocks) * ITEM_COLUMNS;
    const keyHead = ((head * headDim) % record.keyCols) << 2;
    const state = record.state + ((head * headDim * headDim + first) << 2);
    const column = (head * headDim + first) << 2;
    for (let t: u32 = 0; t < nTokens; t++) {
      if (t % GATE_TOKENS == 0) gates(record, head, t, min(nTokens - t, GATE_TOKENS));
      const gate = scratch() + ((t % GATE_TOKENS) << 2);
      const key = t * (record.keyCols << 2) + keyHead;
      const at = t * (record.cols << 2) + column;
      if (first + ITEM_COLUMNS <= headDim) {
        correct(state, rowBytes, record.k + key, record.v + at, gate);
        update(state, rowBytes, record.k + key, record.q + key, record.out + at, gate);
      } else {
        for (let c: usize = 0; c < rowBytes - (first << 2); c += 4) {
          single(state + c, rowBytes, record.k + key, record.q + key, record.v + at + c, record.out + at + c, gate);
        }
      }
    }
  }
}

/** What `n` tokens leave of a head's matrix, and how far they correct it. */
function gates(record: DeltaNetRecord, head: u32, t: u32, n: u32): void {
  const nHeads = record.cols / record.headDim;
  const at = (t * nHeads + head) << 2;
  const alpha = f32x4.add(Heads.gather(record.alpha + at, nHeads, n), v128.load32_splat(record.dt + (head << 2)));
  v128.store(scratch(), Heads.fade(record.a + (head << 2), Lanes.softplus(alpha)));
  v128.store(scratch() + RATES, Lanes.gate(f32x4.splat(1), Heads.gather(record.beta + at, nHeads, n)));
}

/** What a token corrects in 16 columns. */
function correct(s: usize, rowBytes: usize, k: usize, v: usize, gate: usize): void {
  let even0 = f32x4.splat(0);
  let even1 = f32x4.splat(0);
  let even2 = f32x4.splat(0);
  let even3 = f32x4.splat(0);
  let odd0 = f32x4.splat(0);
  let odd1 = f32x4.splat(0);
  let odd2 = f32x4.splat(0);
  let odd3 = f32x4.splat(0);
  const end = k + rowBytes;
  while (true) {
    const even = v128.load32_splat(k);
    even0 = f32x4.add(even0, f32x4.mul(v128.load(s), even));
    even1 = f32x4.add(even1, f32x4.mul(v128.load(s, 16), even));
    even2 = f32x4.add(even2, f32x4.mul(v128.load(s, 32), even));
    even3 = f32x4.add(even3, f32x4.mul(v128.load(s, 48), even));
    if (k + 4 == end) break;
    s += rowBytes;
    const odd = v128.load32_splat(k, 4);
    odd0 = f32x4.add(odd0, f32x4.mul(v128.load(s), odd));
    odd1 = f32x4.add(odd1, f32x4.mul(v128.load(s, 16), odd));
    odd2 = f32x4.add(odd2, f32x4.mul(v128.load(s, 32), odd));
    odd3 = f32x4.add(odd3, f32x4.mul(v128.load(s, 48), odd));
    s += rowBytes;
    k += 8;
    if (k == end) break;
  }
  DeltaNetRecord.correct(v, gate, f32x4.add(even0, odd0), 0);
  DeltaNetRecord.correct(v, gate, f32x4.add(even1, odd1), 16);
  DeltaNetRecord.correct(v, gate, f32x4.add(even2, odd2), 32);
  DeltaNetRecord.correct(v, gate, f32x4.add(even3, odd3), 48);
}

/** Corrects 16 columns, and asks them. */
function update(s: usize, rowBytes: usize, k: usize, q: usize, out: usize, gate: usize): void {
  const decay = v128.load32_splat(gate);
  const by0 = v128.load(scratch() + CORRECTIONS);
  const by1 = v128.load(scratch() + CORRECTIONS, 16);
  const by2 = v128.load(scratch() + CORRECTIONS, 32);
  const by3 = v128.load(scratch() + CORRECTIONS, 48);
  let sum0 = f32x4.splat(0);
  let sum1 = f32x4.splat(0);
  let sum2 = f32x4.splat(0);
  let sum3 = f32x4.splat(0);
  for (let i: usize = 0; i < rowBytes; i += 4) {
    const ks = v128.load32_splat(k + i);
    const qs = v128.load32_splat(q + i);
    const s0 = f32x4.add(f32x4.mul(v128.load(s), decay), f32x4.mul(ks, by0));
    const s1 = f32x4.add(f32x4.mul(v128.load(s, 16), decay), f32x4.mul(ks, by1));
    const s2 = f32x4.add(f32x4.mul(v128.load(s, 32), decay), f32x4.mul(ks, by2));
    const s3 = f32x4.add(f32x4.mul(v128.load(s, 48), decay), f32x4.mul(ks, by3));
    storePair(s, s0, s1);
    storePair(s + 32, s2, s3);
    sum0 = f32x4.add(sum0, f32x4.mul(s0, qs));
    sum1 = f32x4.add(sum1, f32x4.mul(s1, qs));
    sum2 = f32x4.add(sum2, f32x4.mul(s2, qs));
    sum3 = f32x4.add(sum3, f32x4.mul(s3, qs));
    s += rowBytes;
  }
  storePair(out, sum0, sum1);
  storePair(out + 32, sum2, sum3);
}

/** Both of a single column, with the bits of one among 16. */
function single(state: usize, rowBytes: usize, k: usize, q: usize, v: usize, out: usize, gate: usize): void {
  let even: f32 = 0;
  let odd: f32 = 0;
  let s = state;
  for (let i: usize = 0; i < rowBytes; i += 4, s += rowBytes) {
    const known = load<f32>(s) * load<f32>(k + i);
    if (i & 4) odd += known;
    else even += known;
  }
  const decay = load<f32>(gate);
  const by = load<f32>(gate + RATES) * (load<f32>(v) - decay * (even + odd));
  let sum: f32 = 0;
  s = state;
  for (let i: usize = 0; i < rowBytes; i += 4, s += rowBytes) {
    const now = load<f32>(s) * decay + load<f32>(k + i) * by;
    store<f32>(s, now);
    sum += now * load<f32>(q + i);
  }
  store<f32>(out, sum);
}
