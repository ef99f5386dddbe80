import { readFileSync } from 'node:fs';

/** What llama.cpp computes for the tiny models; `scripts/model_goldens.mjs` makes the file and explains the variants. */
export interface TinyGoldens {
  readonly engine: string;
  readonly prompt: readonly number[];
  /** Prompt positions whose logits are kept, and every how many-th of them. */
  readonly positions: readonly number[];
  readonly every: number;
  readonly models: Readonly<Record<string, TinyGolden>>;
}

export interface TinyGolden {
  readonly nVocab: number;
  /** The most likely token after each prompt position. */
  readonly best: readonly number[];
  /** Logits at `positions`, every `every`-th, as the engine computes them (8-bit activations for quantised weights). */
  readonly rows: readonly (readonly number[])[];
  /** The same with weights widened to f32, for quantised models. */
  readonly exact?: readonly (readonly number[])[];
  readonly greedy: { readonly tokens: readonly number[]; readonly gaps: readonly number[] };
}

/** The same for the models of `familyConfigs` and `mixtureConfigs`, without greedy texts. */
export interface FamilyGoldens {
  readonly engine: string;
  readonly models: Readonly<Record<string, Pick<TinyGolden, 'best' | 'rows'>>>;
}

/** Greedy texts of the embedded model. */
export interface GreedyGoldens {
  readonly identical: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly cases: readonly {
    readonly name: string;
    readonly prompt: readonly number[];
    readonly shipped: GreedyText;
    readonly exact: GreedyText;
  }[];
}

export interface GreedyText {
  readonly tokens: readonly number[];
  readonly gaps: readonly number[];
  readonly text: string;
  readonly stop: string;
}

const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../fixtures/models/${name}.json`, import.meta.url), 'utf8'));

export const tinyGoldens = read('tiny') as TinyGoldens;
export const familyGoldens = read('families') as FamilyGoldens;
export const mixtureGoldens = read('mixtures') as FamilyGoldens;
export const greedyGoldens = read('smollm2_greedy') as GreedyGoldens;

/** Largest difference between computed rows and kept ones. */
export function largestGap(rows: readonly Float32Array[], kept: readonly (readonly number[])[]): number {
  const { positions, every } = tinyGoldens;
  const gaps = positions.flatMap((pos, i) => kept[i]!.map((logit, j) => Math.abs(logit - rows[pos]![j * every]!)));
  return gaps.includes(NaN) ? NaN : Math.max(...gaps);
}
