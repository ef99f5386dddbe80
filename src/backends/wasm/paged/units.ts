import { sum } from '../../../base/numbers.ts';
import type { Tensor } from '../../../graph/tensor.ts';
import { embed } from '../../../ops/embed.ts';
import { matmul } from '../../../ops/matmul.ts';
import { aligned } from '../aligned.ts';
import type { ProgramPlan } from '../plan.ts';
import { expertGroups, type ExpertGroup } from './expert_groups.ts';

/**
 * A model's weights as far as they can be read when they are used. A *unit* is the matrices that a phase of the program multiplies with: they
 * come in together, and they are done with together.
 *
 *     phase    4      6    8        9      14     …
 *     unit     q k v  o    gate up  down   q k v  …
 */
export interface Unit {
  readonly weights: readonly Tensor[];
  /** As they lie in memory. */
  readonly bytes: number;
}

export interface Pageable {
  /** In the order in which a step uses them. */
  readonly units: readonly Unit[];
  /** Token tables: a step needs the rows of its tokens. */
  readonly tables: readonly Tensor[];
  /** Experts, layer by layer. */
  readonly groups: readonly ExpertGroup[];
}

/** Smaller matrices stay: what they take is less than what a read costs. */
const LEAST_BYTES = 1 << 11;

/** @param bytesOf what a weight takes in memory */
export function pageableOf(
  { fused }: ProgramPlan,
  weights: readonly Tensor[],
  bytesOf: (name: string) => number,
): Pageable {
  const byName = new Map(weights.map((tensor) => [tensor.name, tensor]));
  const products = new Map<string, Set<number>>(); // by name, the phases that multiply with it
  const looked = new Set<string>();
  const others = new Set<string>();
  for (const { calls, phase } of fused) {
    for (const { node, inputs } of calls) {
      for (const [i, slot] of inputs.entries()) {
        if (slot?.role !== 'weight') continue;
        if (i !== node.op.quantInput) others.add(slot.name);
        else if (node.op === embed) looked.add(slot.name);
        else if (node.op !== matmul) others.add(slot.name);
        else products.set(slot.name, (products.get(slot.name) ?? new Set()).add(phase));
      }
    }
  }
  const mayGo = (name: string): boolean => byName.has(name) && !others.has(name) && bytesOf(name) >= LEAST_BYTES;
  const byPhase = new Map<number, Tensor[]>();
  for (const [name, phases] of products) {
    const [phase, ...more] = phases;
    if (!mayGo(name) || phase === undefined || more.length > 0) continue;
    byPhase.set(phase, [...(byPhase.get(phase) ?? []), byName.get(name)!]);
  }
  const spans = expertGroups(fused);
  const runsAgain = (phase: number) =>
    spans.some(({ firstPhase, lastPhase }) => firstPhase <= phase && phase <= lastPhase);
  const units = [...byPhase]
    .filter(([phase]) => !runsAgain(phase))
    .sort(([a], [b]) => a - b)
    .map(([, tensors]) => ({ weights: tensors, bytes: sum(tensors.map(({ name }) => aligned(bytesOf(name)))) }));
  const goesAsWhole = (name: string): boolean => (products.get(name)?.size ?? 1) === 1;
  const tables = [...looked].filter((name) => mayGo(name) && goesAsWhole(name)).map((name) => byName.get(name)!);
  const groups = spans.filter((span) => span.stacks.every((name) => byName.has(name)) && keepsStates(fused, span));
  return { units, tables, groups };
}

/** What runs several times must change nothing that lasts. */
const keepsStates = (fused: ProgramPlan['fused'], { firstPhase, lastPhase }: ExpertGroup): boolean =>
  fused
    .filter(({ phase }) => firstPhase <= phase && phase <= lastPhase)
    .every(({ calls }) => calls.every(({ outs }) => outs.every(({ role }) => role !== 'state')));
