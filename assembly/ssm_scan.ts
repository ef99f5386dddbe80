import { Lanes, storePair } from './lib/math';
import { Record } from './lib/record';
import { Blocks, GATE_TOKENS } from './lib/recurrence';
import { scratch } from './lib/scratch';

@unmanaged
class SsmScanRecord extends Record {
  out: usize; // [nTokens, nHeads * headDim]
  x: usize; // [nTokens, nHeads * headDim]
  b: usize; // [nTokens, nGroups * stateDim]
  c: usize; // [nTokens, nGroups * stateDim]
  delta: usize; // [nTokens, nHeads]
  a: usize; // [nHeads]
  d: usize; // [nHeads]
  dt: usize; // [nHeads]
  state: usize; // [nHeads * stateDim, headDim], in blocks of columns, see lib/recurrence.ts
  cols: u32;
  groupCols: u32;
  nHeads: u32;
  stateDim: u32;

  @inline
  get headDim(): u32 {
    return this.cols / this.nHeads;
  }
}

/** Scratch memory: what a few tokens leave of the state, then their steps. */
const STEPS: u32 = 4 * GATE_TOKENS;

export function ssm_scan_scratch_bytes(_record: SsmScanRecord): u32 {
  return 2 * STEPS;
}

export function ssm_scan_state_columns(record: SsmScanRecord): u32 {
  return Blocks.columns(record.headDim);
}

export function ssm_scan_items(record: SsmScanRecord): u32 {
  return record.nHeads * Blocks.count(record.headDim);
}

/**
 * The scan of src/ops/ssm_scan.ts; an item is a block of columns of a head's matrix. For each column:
 *
 *     H = fade · H + b · (step · x)
 *     out = (Σ H c, from the first number to the last) + d · x
 */
export function ssm_scan(record: SsmScanRecord, begin: u32, end: u32): void {
  const headDim = record.headDim;
  const nColumns = Blocks.columns(headDim);
  const nBlocks = Blocks.count(headDim);
  const nTokens = record.step.nTokens;
  const stateDim = record.stateDim;
  const headsPerGroup = (record.nHeads * stateDim) / record.groupCols;
  for (let item = begin; item < end; item++) {
    const head = item / nBlocks;
    const first = (item % nBlocks) * nColumns;
    const state = record.state + ((first * record.nHeads * stateDim + head * stateDim * nColumns) << 2);
    const column = (head * headDim + first) << 2;
    const d = record.d + (head << 2);
    for (let t: u32 = 0; t < nTokens; t++) {
      if (t % GATE_TOKENS == 0) steps(record, head, t, min(nTokens - t, GATE_TOKENS));
      const gate = scratch() + ((t % GATE_TOKENS) << 2);
      const group = (t * record.groupCols + (head / headsPerGroup) * stateDim) << 2;
      const at = t * (record.cols << 2) + column;
      const b = record.b + group;
      if (nColumns > 1) block(state, b, b + (stateDim << 2), record.c + group, record.x + at, record.out + at, gate, d);
      else single(state, b, b + (stateDim << 2), record.c + group, record.x + at, record.out + at, gate, d);
    }
  }
}

/** The steps of `n` tokens, and what they leave of a head's matrix. */
function steps(record: SsmScanRecord, head: u32, t: u32, n: u32): void {
  const delta = Blocks.gather(record.delta + ((t * record.nHeads + head) << 2), record.nHeads, n);
  const by = Lanes.softplus(f32x4.add(delta, v128.load32_splat(record.dt + (head << 2))));
  v128.store(scratch(), Blocks.fade(record.a + (head << 2), by));
  v128.store(scratch() + STEPS, by);
}

/** A token's part of a block of 16 columns. */
function block(h: usize, b: usize, bEnd: usize, c: usize, x: usize, out: usize, gate: usize, d: usize): void {
  const fade = v128.load32_splat(gate);
  const step = v128.load32_splat(gate, STEPS);
  const x0 = f32x4.mul(step, v128.load(x));
  const x1 = f32x4.mul(step, v128.load(x, 16));
  const x2 = f32x4.mul(step, v128.load(x, 32));
  const x3 = f32x4.mul(step, v128.load(x, 48));
  let sum0 = f32x4.splat(0);
  let sum1 = f32x4.splat(0);
  let sum2 = f32x4.splat(0);
  let sum3 = f32x4.splat(0);
  for (; b < bEnd; b += 4, c += 4, h += 64) {
    const bs = v128.load32_splat(b);
    const cs = v128.load32_splat(c);
    const h0 = f32x4.add(f32x4.mul(fade, v128.load(h)), f32x4.mul(bs, x0));
    const h1 = f32x4.add(f32x4.mul(fade, v128.load(h, 16)), f32x4.mul(bs, x1));
    const h2 = f32x4.add(f32x4.mul(fade, v128.load(h, 32)), f32x4.mul(bs, x2));
    const h3 = f32x4.add(f32x4.mul(fade, v128.load(h, 48)), f32x4.mul(bs, x3));
    storePair(h, h0, h1);
    storePair(h + 32, h2, h3);
    sum0 = f32x4.add(sum0, f32x4.mul(h0, cs));
    sum1 = f32x4.add(sum1, f32x4.mul(h1, cs));
    sum2 = f32x4.add(sum2, f32x4.mul(h2, cs));
    sum3 = f32x4.add(sum3, f32x4.mul(h3, cs));
  }
  const ds = v128.load32_splat(d);
  storePair(out, f32x4.add(sum0, f32x4.mul(ds, v128.load(x))), f32x4.add(sum1, f32x4.mul(ds, v128.load(x, 16))));
  const out2 = f32x4.add(sum2, f32x4.mul(ds, v128.load(x, 32)));
  storePair(out + 32, out2, f32x4.add(sum3, f32x4.mul(ds, v128.load(x, 48))));
}

/** That of a single column. */
function single(h: usize, b: usize, bEnd: usize, c: usize, x: usize, out: usize, gate: usize, d: usize): void {
  const fade = load<f32>(gate);
  const by = load<f32>(gate, STEPS) * load<f32>(x);
  let sum: f32 = 0;
  for (; b < bEnd; b += 4, c += 4, h += 4) {
    const now = fade * load<f32>(h) + load<f32>(b) * by;
    store<f32>(h, now);
    sum += now * load<f32>(c);
  }
  store<f32>(out, sum + load<f32>(d) * load<f32>(x));
}
