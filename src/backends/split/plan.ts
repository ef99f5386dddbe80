import { greatest, sum } from '../../base/numbers.ts';
import type { Graph, Value } from '../../graph/graph.ts';
import { bytesOf, type Tensor } from '../../graph/tensor.ts';
import { colsAcross, cutsOf, partOf, type Cut, type GraphPart } from './cut.ts';
import { cutFor, type SplitParts } from './split.ts';

/** What a model takes, and what there is for the second part of it. */
export interface SplitNeeds {
  readonly graph: Graph;
  readonly weights: readonly Tensor[];
  /** Programs that can exist at a time. */
  readonly maxSessions: number;
  /** Bytes that the second part may take. */
  readonly mostBytes: number;
}

/** A model in two parts. */
export interface SplitPlan extends Pick<SplitParts, 'ofFirst' | 'ofSecond'> {
  readonly first: GraphPart;
  readonly second: GraphPart;
  /** What the second part takes, by the sizes in the file. */
  readonly secondBytes: number;
}

/** The second part may be so much smaller than it could be, where fewer numbers then cross. */
const FAIR_SHARE = 0.9;

/**
 * The parts of a model whose second one is about as large as it may be: of the cuts that come near it, the one that the fewest numbers cross,
 * which lies between two layers, or halves of layers.
 * @returns undefined where not even the last of them leaves little enough.
 */
export function planSplit({ graph, weights, maxSessions, mostBytes }: SplitNeeds): SplitPlan | undefined {
  const end = graph.nodes.length;
  const fitting = bestBetweenWeights(graph)
    .map((cut) => ({ cut, bytes: bytesOfPart(partOf(graph, cut.at, end), weights, maxSessions) }))
    .filter(({ bytes }) => bytes <= mostBytes);
  const most = greatest(fitting.map(({ bytes }) => bytes));
  const fair = fitting.filter(({ bytes }) => bytes >= FAIR_SHARE * most).map(({ cut }) => cut);
  for (const { at } of fair.sort((a, b) => colsAcross(a) - colsAcross(b))) {
    const [first, second] = [partOf(graph, 0, at), partOf(graph, at, end)];
    const names = { ofFirst: weightsOf(first), ofSecond: weightsOf(second) };
    if (cutFor(graph, names) !== at) continue; // programs are cut where their weights say
    return { first, second, secondBytes: bytesOfPart(second, weights, maxSessions), ...names };
  }
  return undefined;
}

/** Of all cuts between the same two nodes with weights, the one that the fewest numbers cross: that is where programs are cut. */
function bestBetweenWeights(graph: Graph): Cut[] {
  const hasWeight = graph.nodes.map(({ inputs }) => inputs.some(({ role }) => role === 'weight'));
  const best = new Map<number, Cut>();
  for (const cut of cutsOf(graph)) {
    const nBefore = hasWeight.slice(0, cut.at).filter(Boolean).length;
    const known = best.get(nBefore);
    if (cut.crossing.length > 0 && (!known || colsAcross(cut) < colsAcross(known))) best.set(nBefore, cut);
  }
  return [...best.values()];
}

/** What a whole graph takes. */
export const bytesOfGraph = (graph: Graph, weights: readonly Tensor[], maxSessions: number): number =>
  bytesOfPart(partOf(graph, 0, graph.nodes.length), weights, maxSessions);

function bytesOfPart(part: GraphPart, weights: readonly Tensor[], maxSessions: number): number {
  const names = weightsOf(part);
  const ofWeights = weights.filter(({ name }) => names.has(name)).map((tensor) => bytesOf(tensor));
  const ofStates = valuesOf(part, 'state').map((state) => bytesOf(state));
  const ofActivations = valuesOf(part, 'activation').map((value) => bytesOf(value));
  const largest = ofActivations.sort((a, b) => b - a).slice(0, N_LIVE);
  return sum(ofWeights) + maxSessions * sum([...ofStates, ...largest]);
}

/** Activations that are needed at a time, about: their memory is shared. */
const N_LIVE = 4;

const weightsOf = (part: GraphPart): Set<string> => new Set(valuesOf(part, 'weight').map(({ name }) => name));

const valuesOf = ({ graph }: GraphPart, role: Value['role']): Value[] => [
  ...new Set(graph.nodes.flatMap(({ out, inputs }) => [out, ...inputs]).filter((value) => value.role === role)),
];
