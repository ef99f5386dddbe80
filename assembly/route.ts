import { Lanes } from './lib/math';
import { Record } from './lib/record';
import { scratch } from './lib/scratch';

@unmanaged
class RouteRecord extends Record {
  out: usize; // [nRows, 2 * nUsed]: experts, the best first, then their weights
  scores: usize; // [nRows, nExperts]
  bias: usize; // [nExperts] or 0
  nExperts: u32;
  nUsed: u32;
  gating: u32; // SOFTMAX, SIGMOID or that of the chosen ones
  norm: u32;
  scale: f32;
}

const SOFTMAX: u32 = 0;
const SIGMOID: u32 = 1;

/** Weights are divided by no less. */
const LEAST_SUM: f32 = 6.103515625e-5;

/** Chooses experts; an item is a row. */
export function route(record: RouteRecord, begin: u32, end: u32): void {
  const nExperts = record.nExperts;
  const nUsed = record.nUsed;
  const gated = scratch(); // [nExperts]
  for (let row = begin; row < end; row++) {
    const scores = record.scores + ((row * nExperts) << 2);
    const out = record.out + ((row * 2 * nUsed) << 2);
    memory.copy(gated, scores, nExperts << 2);
    if (record.gating == SOFTMAX) softmax(gated, nExperts);
    else if (record.gating == SIGMOID) sigmoid(gated, nExperts);
    choose(record, out, gated);
    weigh(record, out + (nUsed << 2), anyNaN(scores, nExperts));
  }
}

/** The best of what is left, nUsed times: numbers of experts, and of each what it was gated to. */
function choose(record: RouteRecord, out: usize, gated: usize): void {
  const nExperts = record.nExperts;
  const nUsed = record.nUsed;
  const bias = record.bias;
  const ranks = gated + (nExperts << 2);
  for (let i: u32 = 0; i < nExperts << 2; i += 4) {
    const p = load<f32>(gated + i);
    store<f32>(ranks + i, p == p ? p + (bias ? load<f32>(bias + i) : 0) : -(<f32>Infinity));
  }
  for (let j: u32 = 0; j < nUsed << 2; j += 4) {
    let best: u32 = 0;
    let most: f32 = NaN; // any rank is better than none
    for (let i: u32 = 0; i < nExperts << 2; i += 4) {
      const rank = load<f32>(ranks + i);
      if (rank != rank || rank <= most) continue; // NaN: it is chosen already
      best = i;
      most = rank;
    }
    store<f32>(ranks + best, NaN);
    store<f32>(out + j, <f32>(best >> 2));
    store<f32>(out + (nUsed << 2) + j, load<f32>(gated + best));
  }
}

/** From what the chosen experts were gated to, to their weights. */
function weigh(record: RouteRecord, weights: usize, lost: bool): void {
  const nUsed = record.nUsed;
  if (record.gating > SIGMOID) softmax(weights, nUsed);
  let total: f32 = 1;
  if (record.norm) {
    total = 0;
    for (let j: u32 = 0; j < nUsed << 2; j += 4) total += load<f32>(weights + j);
    total = max(total, LEAST_SUM);
  }
  for (let j: u32 = 0; j < nUsed << 2; j += 4) {
    store<f32>(weights + j, lost ? NaN : (load<f32>(weights + j) / total) * record.scale);
  }
}

function softmax(x: usize, n: u32): void {
  let most = -(<f32>Infinity);
  for (let i: u32 = 0; i < n << 2; i += 4) most = max(most, load<f32>(x + i));
  let sum: f32 = 0;
  for (let i: u32 = 0; i < n << 2; i += 4) {
    const power = Lanes.exp1(load<f32>(x + i) - most);
    store<f32>(x + i, power);
    sum += power;
  }
  for (let i: u32 = 0; i < n << 2; i += 4) store<f32>(x + i, load<f32>(x + i) / sum);
}

function sigmoid(x: usize, n: u32): void {
  for (let i: u32 = 0; i < n << 2; i += 4) {
    store<f32>(x + i, <f32>1 / (<f32>1 + Lanes.exp1(-load<f32>(x + i))));
  }
}

function anyNaN(x: usize, n: u32): bool {
  for (let i: u32 = 0; i < n << 2; i += 4) if (load<f32>(x + i) != load<f32>(x + i)) return true;
  return false;
}

export function route_scratch_bytes(record: RouteRecord): u32 {
  return record.nExperts << 3;
}
