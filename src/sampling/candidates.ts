import { expEach } from '../base/math.ts';

/**
 * The tokens still in the running, as parallel arrays of which the first `n` entries count. A link drops candidates by
 * moving survivors to the front; the arrays themselves are allocated once.
 */
export interface Candidates {
  readonly tokens: Int32Array; // [nVocab]
  readonly logits: Float32Array; // [nVocab]
  /** e^(logit - top) where `weighed`: a probability, up to a common factor that dropping candidates does not change. */
  readonly weights: Float64Array; // [nVocab]
  n: number;
  /** Best first? Equal logits are ordered by token. */
  sorted: boolean;
  weighed: boolean;
  /** The largest logit at the time of weighing, whose weight is 1. */
  top: number;
}

/** One step of the chain. `apply` changes the candidates; `accept` learns which token the text went on with. */
export interface SamplerLink {
  apply(candidates: Candidates): void;
  accept?(token: number): void;
}

/** Room to draw a token in. */
export interface DrawingRoom {
  readonly candidates: Candidates;
  /** 0 … nVocab - 1 */
  readonly everyToken: Int32Array;
}

const rooms = new Map<number, DrawingRoom>();

/**
 * Room for a vocabulary of this size. Nothing in it outlives a draw, so all samplers of a thread share it: for 262,144 tokens it takes 5 MB,
 * and each answer has a sampler of its own.
 */
export function drawingRoom(nVocab: number): DrawingRoom {
  const room = rooms.get(nVocab) ?? newRoom(nVocab);
  rooms.set(nVocab, room);
  return room;
}

/** Room that nobody shares: of a sampler that looks back on its candidates. */
export function newRoom(nVocab: number): DrawingRoom {
  const everyToken = new Int32Array(nVocab);
  for (let token = 0; token < nVocab; token++) everyToken[token] = token;
  return { candidates: createCandidates(nVocab), everyToken };
}

export function createCandidates(nVocab: number): Candidates {
  return {
    tokens: new Int32Array(nVocab),
    logits: new Float32Array(nVocab),
    weights: new Float64Array(nVocab),
    n: 0,
    sorted: false,
    weighed: false,
    top: -Infinity,
  };
}

/** The largest logit; NaN or Infinity if there is one among the candidates. */
export function maxLogit(c: Candidates): number {
  const { logits, n } = c;
  if (c.sorted) return logits[0]!;
  let max = -Infinity;
  for (let i = 0; i < n; i++) {
    const logit = logits[i]!;
    if (logit <= max) continue; // nearly always: twice as fast as Math.max (measured, Node 20)
    if (!(logit < Infinity)) return logit;
    max = logit;
  }
  return max;
}

/** Computes the weights where they are missing (softmax without its division), and returns their sum over the candidates. */
export function weigh(c: Candidates): number {
  const { logits, weights, n } = c;
  if (!c.weighed) {
    c.top = maxLogit(c);
    for (let i = 0; i < n; i++) weights[i] = logits[i]! - c.top;
    expEach(weights, n);
    c.weighed = true;
  }
  let total = 0;
  for (let i = 0; i < n; i++) total += weights[i]!;
  return total;
}

/** Entropy in nats, given `total = weigh(c)`: Σ -p log p with log p = (logit - top) - log total. */
export function entropy(c: Candidates, total: number, logTotal: number): number {
  let sum = 0;
  for (let i = 0; i < c.n; i++) if (c.weights[i]! > 0) sum += c.weights[i]! * (c.logits[i]! - c.top);
  return logTotal - sum / total;
}

/** Copies candidate `from` over candidate `to`: so a link closes the gap that a dropped candidate leaves. */
export function move(c: Candidates, from: number, to: number): void {
  c.tokens[to] = c.tokens[from]!;
  c.logits[to] = c.logits[from]!;
  c.weights[to] = c.weights[from]!;
}

function swap(c: Candidates, a: number, b: number): void {
  const token = c.tokens[a]!;
  const logit = c.logits[a]!;
  const weight = c.weights[a]!;
  move(c, b, a);
  c.tokens[b] = token;
  c.logits[b] = logit;
  c.weights[b] = weight;
}

function isWorse(c: Candidates, a: number, b: number): boolean {
  const difference = c.logits[a]! - c.logits[b]!;
  return difference < 0 || (c.logits[a] === c.logits[b] && c.tokens[a]! > c.tokens[b]!);
}

/** Restores the heap in [begin, begin + size), worst candidate at its root, below position `at`. */
function siftDown(c: Candidates, begin: number, size: number, at: number): void {
  for (;;) {
    let child = 2 * at + 1;
    if (child >= size) return;
    if (child + 1 < size && isWorse(c, begin + child + 1, begin + child)) child++;
    if (!isWorse(c, begin + child, begin + at)) return;
    swap(c, begin + at, begin + child);
    at = child;
  }
}

/**
 * Moves the best `k` of the candidates from `begin` on to [begin, begin + k), best first, in place. One scan compares each
 * with the worst of a k-heap: of 49,152 random logits some 300 enter a heap of 40, and the others cost one comparison.
 */
export function selectTop(c: Candidates, begin: number, k: number): void {
  const { logits, n } = c;
  for (let at = (k >> 1) - 1; at >= 0; at--) siftDown(c, begin, k, at);
  let worst = logits[begin]!;
  for (let i = begin + k; i < n; i++) {
    if (logits[i]! >= worst && isWorse(c, begin, i)) {
      swap(c, begin, i);
      siftDown(c, begin, k, 0);
      worst = logits[begin]!;
    }
  }
  for (let size = k - 1; size > 0; size--) {
    swap(c, begin, begin + size); // the worst of those left goes behind them
    siftDown(c, begin, size, 0);
  }
}

/**
 * Keeps the best candidates, as few as together weigh `target`. This is quickselect by weight instead of rank: a pivot parts
 * the candidates, and the search goes on in the part where the cut lies. It is linear on average, which sorting is not.
 */
export function keepHeaviest(c: Candidates, target: number): void {
  let begin = 0; // [0, begin) stays and weighs `mass`, less than the target
  let mass = 0;
  while (!c.sorted && c.n - begin > 32) {
    const middle = partition(c, begin);
    let better = 0;
    for (let i = begin; i < middle; i++) better += c.weights[i]!;
    if (mass + better >= target) {
      c.n = middle;
    } else {
      begin = middle;
      mass += better;
    }
  }
  if (!c.sorted) selectTop(c, begin, c.n - begin);
  for (let i = begin; i < c.n; i++) {
    mass += c.weights[i]!;
    if (mass >= target) c.n = i + 1;
  }
}

/**
 * Moves the candidates that are worse than a pivot behind the others, and returns where they begin. Needs three candidates.
 */
function partition(c: Candidates, begin: number): number {
  const { logits, tokens, n } = c;
  const a = begin;
  const b = (begin + n) >> 1;
  const d = n - 1;
  // The median of three has one better and one worse, so both parts are non-empty.
  const low = isWorse(c, a, b) ? a : b;
  const high = low === a ? b : a;
  const median = isWorse(c, d, low) ? low : isWorse(c, d, high) ? d : high;
  const logit = logits[median]!;
  const token = tokens[median]!;
  let middle = begin;
  for (let i = begin; i < n; i++) {
    if (logits[i]! > logit || (logits[i] === logit && tokens[i]! <= token)) swap(c, i, middle++);
  }
  return middle;
}
