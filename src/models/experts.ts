import { UnsupportedError } from '../base/errors.ts';
import type { Value } from '../graph/graph.ts';
import type { Mixture } from './mixture.ts';
import type { HybridRecorder } from './hybrid_recorder.ts';
import { constant, type Linear } from './recorder.ts';
import type { WeightFinder } from './weight_finder.ts';

/**
 * Mixtures of experts (Shazeer et al. 2017, arXiv:1701.06538): of many feed-forward blocks a token takes a few, which a router chooses.
 * What differs from family to family stands in a table, `mixture.ts`; the rest is the same for all.
 */

/** What becomes of `up`, and of `gate` where experts have one, `[.., nUsed * expertDim]` each. */
const activations = {
  swiglu: { hasGate: true, act: (g: HybridRecorder, up: Value, gate?: Value) => g.swiglu(gate!, up) },
  geglu: { hasGate: true, act: (g: HybridRecorder, up: Value, gate?: Value) => g.geglu(gate!, up) },
  'clamped swiglu': { hasGate: true, act: (g: HybridRecorder, up: Value, gate?: Value) => g.swigluClamped(gate!, up, { limit: 7, alpha: 1.702 }) },
  gelu: { hasGate: false, act: (g: HybridRecorder, up: Value) => g.gelu(up) },
  'relu squared': { hasGate: false, act: (g: HybridRecorder, up: Value) => g.reluSquared(up) },
} as const;

/** A matrix for each expert. */
export interface Stack {
  readonly w: Value; // [nExperts, rows, cols]
  readonly bias: Value | undefined; // [nExperts, rows]
  /** Multiply the products before the bias is added. */
  readonly scales: Value | undefined; // [1, nExperts]
}

export interface Experts {
  readonly router: Linear; // [nExperts, dim]
  /** Added to a token's scores for the choice alone. */
  readonly bias: Value | undefined; // [nExperts]
  /** Projections around all experts. */
  readonly latent: { readonly down: Linear; readonly up: Linear } | undefined; // [latentDim, dim], [dim, latentDim]
  /** One matrix for both where the file has them on top of each other. */
  readonly gateUp: Stack | undefined; // [nExperts, 2 * expertDim, dim]
  readonly gate: Stack | undefined; // [nExperts, expertDim, dim]
  readonly up: Stack | undefined;
  readonly down: Stack; // [nExperts, dim, expertDim]
  readonly shared: Shared | undefined;
}

/** The expert that every token takes. */
export interface Shared {
  readonly gate: Linear | undefined; // [sharedDim, dim]
  readonly up: Linear; // [sharedDim, dim]
  readonly down: Linear; // [dim, sharedDim]
  /** Says how much of it a token gets. */
  readonly router: Linear | undefined; // [1, dim]
}

/** Weights of layer `l`'s experts, without its router's. */
export function expertStacks(find: WeightFinder, { dim, mixture: m }: { dim: number; mixture: Mixture }, l: number): Omit<Experts, 'router'> {
  const at = `blk.${l}.ffn_`;
  checkStacked(find, `${at}up.0.weight`);
  const { hasGate } = activations[m.activation];
  const isFused = hasGate && find.has(`${at}gate_up_exps.weight`);
  const inside = m.latentDim || dim;
  const stack = (name: string, rows: number, cols: number) => stackOf(find, `${at}${name}_exps`, [m.nExperts, rows, cols]);
  return {
    bias: m.hasBias ? find.get(`blk.${l}.exp_probs_b.bias`, [m.nExperts]) : undefined,
    latent: m.latentDim ? { down: find.linear(`${at}latent_down`, [inside, dim]), up: find.linear(`${at}latent_up`, [dim, inside]) } : undefined,
    gateUp: isFused ? stack('gate_up', 2 * m.expertDim, inside) : undefined,
    gate: isFused || !hasGate ? undefined : stack('gate', m.expertDim, inside),
    up: isFused ? undefined : stack('up', m.expertDim, inside),
    down: stack('down', inside, m.expertDim),
    shared: m.sharedDim ? sharedOf(find, m, at, dim) : undefined,
  };
}

/** All weights of layer `l`'s experts. */
export const expertWeights = (find: WeightFinder, c: { dim: number; mixture: Mixture }, l: number): Experts => ({
  router: find.linear(`blk.${l}.ffn_gate_inp`, [c.mixture.nExperts, c.dim]),
  ...expertStacks(find, c, l),
});

const sharedOf = (find: WeightFinder, { sharedDim, activation }: Mixture, at: string, dim: number): Shared => ({
  gate: activations[activation].hasGate ? find.linear(`${at}gate_shexp`, [sharedDim, dim]) : undefined,
  up: find.linear(`${at}up_shexp`, [sharedDim, dim]),
  down: find.linear(`${at}down_shexp`, [dim, sharedDim]),
  router: find.has(`${at}gate_inp_shexp.weight`) ? { w: rowOf(find, `${at}gate_inp_shexp.weight`, dim) } : undefined,
});

/** A matrix of one row, which files have as a vector. */
function rowOf(find: WeightFinder, name: string, cols: number): Value {
  const isVector = find.shape(name).length === 1;
  const row = { ...find.get(name, isVector ? [cols] : [1, cols]), shape: [1, cols] };
  find.used.set(name, row);
  return row;
}

function stackOf(find: WeightFinder, name: string, shape: readonly [nExperts: number, rows: number, cols: number]): Stack {
  const [nExperts, rows] = shape;
  const factors = find.numbers(`${name}.scale`, [nExperts]);
  return {
    w: find.get(`${name}.weight`, shape),
    bias: find.optional(`${name}.bias`, [nExperts, rows]),
    scales: factors && constant(`${name}.scale`, [1, nExperts], factors),
  };
}

/** A product with the matrices of the chosen experts: `[nTokens, nUsed * rows]`. */
function products(g: HybridRecorder, { w, bias, scales }: Stack, x: Value, chosen: Value): Value {
  if (!scales) return g.matmulExperts({ w, bias }, x, chosen);
  return g.scaleExperts(g.matmulExperts({ w }, x, chosen), chosen, scales, bias);
}

/** @throws UnsupportedError for a tensor of each expert, as converters wrote them before April 2024. */
function checkStacked(find: WeightFinder, single: string): void {
  if (!find.has(single)) return;
  const help = 'this build reads the matrices of all experts in one tensor: convert the model again';
  throw new UnsupportedError(`the file has ${single}, a matrix of one expert; ${help}`);
}

/** What the experts say that a token's scores choose: `x[nTokens, dim]`, `scores[nTokens, nExperts]` → `[nTokens, dim]`. */
export function mix(g: HybridRecorder, m: Mixture, w: Omit<Experts, 'router'>, x: Value, scores: Value): Value {
  const { act } = activations[m.activation];
  const chosen = g.route(scores, { ...m, bias: w.bias }); // [nTokens, 2 * nUsed]
  const inner = w.latent ? g.linear(w.latent.down, x) : x; // [nTokens, latentDim or dim]
  const [gate, up] = gateAndUp(g, m, w, inner, chosen); // [nTokens, nUsed * expertDim] each
  const active = act(g, up, gate); // [nTokens, nUsed * expertDim]
  const { down } = w; // without a bias its factors wait for the sum
  const [made, scales] = down.bias ? [products(g, down, active, chosen)] : [g.matmulExperts(down, active, chosen), down.scales];
  const said = g.mixExperts(made, chosen, scales); // [nTokens, latentDim or dim]
  const y = w.latent ? g.linear(w.latent.up, said) : said; // [nTokens, dim]
  if (!w.shared) return y;
  const { shared } = w;
  const all = g.linear(shared.down, act(g, g.linear(shared.up, x), shared.gate && g.linear(shared.gate, x))); // [nTokens, dim]
  return g.add(y, shared.router ? g.gate(all, g.linear(shared.router, x)) : all);
}

/** The same with the scores of a router that reads what the experts read. */
export const mixed = (g: HybridRecorder, m: Mixture, w: Experts, x: Value): Value => mix(g, m, w, x, g.linear(w.router, x));

function gateAndUp(g: HybridRecorder, { expertDim: n }: Mixture, w: Omit<Experts, 'router'>, x: Value, chosen: Value): readonly [gate: Value | undefined, up: Value] {
  if (!w.gateUp) return [w.gate && products(g, w.gate, x, chosen), products(g, w.up!, x, chosen)];
  const both = products(g, w.gateUp, x, chosen); // [nTokens, nUsed * 2 * expertDim]
  return [g.columns(both, 0, n, 2 * n), g.columns(both, n, n, 2 * n)];
}
