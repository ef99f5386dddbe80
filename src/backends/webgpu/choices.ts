import type { Graph, Value } from '../../graph/graph.ts';
import { matmul } from '../../ops/matmul.ts';
import type { KernelChoice } from '../../platform/gpu.ts';
import { ofSeveral } from './fusions.ts';
import { kindOf, sitesOf } from './tuning.ts';
import type { Call } from './calls.ts';
import {
  stepNames,
  stepRanges,
  variantsFor,
  type Able,
  type Choice,
  type Chooser,
  type Sizes,
  type Steps,
  type Variant,
} from './variants.ts';

/** A choice, and how it was made. */
interface Chosen {
  readonly choice: Choice;
  readonly about: Pick<KernelChoice, 'from' | 'candidates'>;
}

/** The kernels of a backend's products: what was chosen for a kind, else a default. What a check refused is not taken again. */
export class Choices {
  private readonly able: Able;
  private readonly isFallback: boolean;
  private readonly byKind = new Map<string, Chosen>();
  /** Kinds with the names of variants that must not be taken. */
  private readonly refused = new Set<string>();

  /** @param isFallback whether the device is software, which multiplies whole numbers faster than floats */
  constructor(able: Able, isFallback: boolean) {
    this.able = able;
    this.isFallback = isFallback;
  }

  readonly choose: Chooser = (node, steps) => {
    const weight = node.inputs[0]!;
    const kind = kindOf(weight, steps);
    const chosen = this.byKind.get(kind)?.choice;
    if (chosen && !this.refused.has(`${kind} ${chosen.variant.name}`)) return chosen;
    const left = this.left(weight, steps);
    return (this.isFallback && softwareChoice(left, steps)) || { variant: left[0]!, sizes: left[0]!.sizes[0]! };
  };

  /** Takes choices that were made before, as far as this device can run them. @returns the kinds of those taken */
  take(choices: readonly KernelChoice[], graph: Graph): Set<string> {
    const taken = new Set<string>();
    for (const { kind, steps, nodes } of sitesOf(graph)) {
      const chosen = choices.find((each) => each.kind === kind);
      const variant = variantsFor(nodes[0]!.inputs[0]!, steps, this.able).find(({ name }) => name === chosen?.variant);
      const sizes = variant?.sizes.find((each) => sameSizes(each, chosen!.sizes));
      if (!variant || !sizes) continue;
      const { from, candidates } = chosen!;
      this.byKind.set(kind, { choice: { variant, sizes }, about: { from, candidates } });
      taken.add(kind);
    }
    return taken;
  }

  /** A call's variant must not be taken again. Whether another one can take its place. */
  refuse({ node, variant, from = 1 }: Call): boolean {
    if (variant === undefined) return false;
    const steps = stepNames.find((name) => stepRanges[name].from === from)!;
    const isOfKind = node.op === matmul && !ofSeveral.has(variant);
    this.refused.add(isOfKind ? `${kindOf(node.inputs[0]!, steps)} ${variant}` : variant);
    return true;
  }

  /** Whether a variant that is no kernel of products must not be taken. */
  isRefused(variant: string): boolean {
    return this.refused.has(variant);
  }

  /** Those of some choices that no check has refused. */
  right(choices: readonly KernelChoice[]): KernelChoice[] {
    return choices.filter(({ kind, variant }) => !this.refused.has(`${kind} ${variant}`));
  }

  /** What each kind of product in a graph takes. */
  of(graph: Graph): KernelChoice[] {
    return sitesOf(graph).map(({ kind, steps, nodes }) => {
      const { variant, sizes } = this.choose(nodes[0]!, steps);
      const chosen = this.byKind.get(kind);
      const isChosen = chosen?.choice.variant.name === variant.name;
      return { kind, variant: variant.name, sizes, ...(isChosen ? chosen.about : { from: 'default' }) };
    });
  }

  private left(weight: Value, steps: Steps): Variant[] {
    const kind = kindOf(weight, steps);
    return variantsFor(weight, steps, this.able).filter(({ name }) => !this.refused.has(`${kind} ${name}`));
  }
}

/**
 * What software takes. A vector of the processor's is eight threads, and a barrier is dear: so a thread has rows of its own, and tiles are as
 * large for a thread as registers allow. Lavapipe in Chromium on 2 cores, Q4_1, 1536 × 576, milliseconds of both: one token 0.24 by 16
 * lanes, 0.14 by one; 128 tokens 36 by digits in tiles of 4 by 4, 14 by floats in tiles of 8 by 8.
 */
const software: Readonly<Record<Steps, readonly string[]>> = {
  few: [
    'mat_vec, floats, 4 rows by shares',
    'mat_vec, digits, 4 rows by threads',
    'mat_vec, floats, 4 rows by threads',
  ],
  some: ['mat_mul, floats, 8 by 8'],
  many: ['mat_mul, floats, 8 by 8'],
};

const softwareSizes: Readonly<Record<Steps, Sizes>> = {
  few: { threads: 8, lanes: 1 },
  some: { threads: 16, tileRows: 64, tileTokens: 16 }, // as many: a pipeline takes two seconds there
  many: { threads: 16, tileRows: 64, tileTokens: 16 },
};

function softwareChoice(left: readonly Variant[], steps: Steps): Choice | undefined {
  const variant = software[steps].map((name) => left.find((each) => each.name === name)).find((each) => each);
  const sizes = variant?.sizes.find((each) => sameSizes(each, softwareSizes[steps])) ?? variant?.sizes[0];
  return variant && sizes && { variant, sizes };
}

const sameSizes = (a: Sizes, b: Sizes): boolean => Object.keys(a).every((name) => a[name] === b[name]);

/** Notes of another version, or of nobody's: what is no choice is left out. */
export function notedChoices(note: unknown): KernelChoice[] {
  const isChoice = (each: unknown): each is KernelChoice => {
    const { kind, variant, sizes } = (each ?? {}) as Partial<KernelChoice>;
    return typeof kind === 'string' && typeof variant === 'string' && typeof sizes === 'object' && sizes !== null;
  };
  return Array.isArray(note) ? note.filter(isChoice).map((each) => ({ ...each, from: 'notes' })) : [];
}
