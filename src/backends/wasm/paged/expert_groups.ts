import type { KernelCall, Slot } from '../lower.ts';
import type { FusedCalls, Lifetime, Schedule } from '../schedule.ts';

/** The stacks of one layer, whose experts are chosen together. */
export interface ExpertGroup {
  /** By name: gate, up and down, or what there is of them. */
  readonly stacks: readonly string[];
  /** Who chose whom, as `sort_choices` lists it. */
  readonly choices: Slot;
  /** Experts of a token. */
  readonly nUsed: number;
  /** From the first product to the last one: this may run several times in a step, with some of the experts each time. */
  readonly firstPhase: number;
  readonly lastPhase: number;
}

/** Whether a call goes by a table of matrices. */
export const isOfExperts = ({ op }: KernelCall): boolean => op === 'matmul_experts';

/** In the order in which a step uses them. */
export function expertGroups(fused: readonly FusedCalls[]): ExpertGroup[] {
  const groups = new Map<Slot, { stacks: string[]; nUsed: number; firstPhase: number; lastPhase: number }>();
  for (const { calls, phase } of fused) {
    for (const { inputs, node } of calls.filter(isOfExperts)) {
      const [stack, , choices] = inputs as [Slot, Slot, Slot];
      const group = groups.get(choices) ?? {
        stacks: [],
        nUsed: node.params['nUsed']!,
        firstPhase: phase,
        lastPhase: phase,
      };
      groups.set(choices, group);
      group.stacks.push(stack.name);
      group.lastPhase = phase;
    }
  }
  return [...groups].map(([choices, group]) => ({ ...group, choices }));
}

/**
 * Activations of a stretch that runs several times must not lie where others of it do: what the first run made is there after the second one, and
 * what it read, too.
 */
export function lengthened<S extends Schedule>(made: S): S {
  const groups = expertGroups(made.fused);
  const lifetimes = new Map<Slot, Lifetime>();
  for (const [slot, lifetime] of made.lifetimes) {
    let { first, last } = lifetime;
    for (const { firstPhase, lastPhase } of groups) {
      if (lifetime.first > lastPhase || lifetime.last < firstPhase) continue;
      first = Math.min(first, firstPhase);
      last = Math.max(last, lastPhase);
    }
    lifetimes.set(slot, { first, last });
  }
  return { ...made, lifetimes };
}
