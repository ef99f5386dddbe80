import { checkNames, checkNumber, kindOf, checkWhole, type NumberLimits } from '../base/checks.ts';

/**
 * How the next token is chosen. Every setting may be left out; all numbers are finite. The model's own settings (`info.sampling`) go before
 * the defaults below, unless a temperature of 0 is asked for.
 */
export interface SamplerOptions {
  /** Added to the logits of single tokens; -Infinity bans one. Default: none. */
  readonly logitBias?: readonly (readonly [token: number, bias: number])[];
  /** Divides (multiplies, below 0) the logits of recent tokens. Default 1: off. */
  readonly repeatPenalty?: number;
  /** Subtracted from the logits of recent tokens. Default 0: off. */
  readonly presencePenalty?: number;
  /** Subtracted from the logits of recent tokens once per occurrence. Default 0: off. */
  readonly frequencyPenalty?: number;
  /** How many tokens are recent. Default 64. */
  readonly repeatLastN?: number;
  /** DRY: penalty for a token that continues a repetition of the allowed length. Default 0: off. */
  readonly dryMultiplier?: number;
  /** DRY: factor per further token of the repetition. Default 1.75. */
  readonly dryBase?: number;
  /** DRY: the shortest repetition that is penalised, in tokens. Default 2. */
  readonly dryAllowedLength?: number;
  /** DRY: how many tokens are searched for repetitions. Default 1024. */
  readonly dryLastN?: number;
  /** DRY: what no repetition reaches across: tokens, or texts, for all tokens that contain them. Default: line break, colon, `"` and `*`. */
  readonly dryBreakers?: readonly (number | string)[];
  /** Keeps this many of the most likely tokens; 0: off. Default 40. */
  readonly topK?: number;
  /** Keeps the tokens of most typical surprise up to this probability. Default 1: off. */
  readonly typicalP?: number;
  /** Keeps the most likely tokens up to this probability; 1: off. Default 0.95. */
  readonly topP?: number;
  /** Keeps tokens at least this many times as likely as the best one; 0: off. Default 0.05. */
  readonly minP?: number;
  /** XTC: how often top choices are excluded. Default 0: off. */
  readonly xtcProbability?: number;
  /** XTC: the probability that makes a token a top choice. Default 0.1. */
  readonly xtcThreshold?: number;
  /** Below 1 sharper, above 1 flatter; 0: greedy, always the most likely token. Default 0.8. */
  readonly temperature?: number;
  /** Lets the temperature vary by this much either way with the entropy. Default 0: off. */
  readonly dynamicTemperatureRange?: number;
  /** How the dynamic temperature follows the entropy: 1 linearly. Default 1. */
  readonly dynamicTemperatureExponent?: number;
  /** Mirostat: target surprise in bits; replaces topK, typicalP, topP, minP and XTC. Default 0: off. */
  readonly mirostatTau?: number;
  /** Mirostat: how fast it steers. Default 0.1. */
  readonly mirostatEta?: number;
  /** Same seed, same text. Default: drawn at random and reported as `seed` of the result. */
  readonly seed?: number;
}

const MAX_WINDOW = 2 ** 20;

const NUMBERS = {
  repeatPenalty: { default: 1, min: 0.01, max: 100 },
  presencePenalty: { default: 0, min: -100, max: 100 },
  frequencyPenalty: { default: 0, min: -100, max: 100 },
  repeatLastN: { default: 64, min: 0, max: MAX_WINDOW, isInteger: true },
  dryMultiplier: { default: 0, min: 0, max: 100 },
  dryBase: { default: 1.75, min: 1, max: 100 },
  dryAllowedLength: { default: 2, min: 1, max: MAX_WINDOW, isInteger: true },
  dryLastN: { default: 1024, min: 0, max: MAX_WINDOW, isInteger: true },
  topK: { default: 40, min: 0, max: 2 ** 31 - 1, isInteger: true },
  typicalP: { default: 1, min: 0, max: 1 },
  topP: { default: 0.95, min: 0, max: 1 },
  minP: { default: 0.05, min: 0, max: 1 },
  xtcProbability: { default: 0, min: 0, max: 1 },
  xtcThreshold: { default: 0.1, min: 0, max: 1 },
  temperature: { default: 0.8, min: 0, max: 100 },
  dynamicTemperatureRange: { default: 0, min: 0, max: 100 },
  dynamicTemperatureExponent: { default: 1, min: 0, max: 100 },
  mirostatTau: { default: 0, min: 0, max: 100 },
  mirostatEta: { default: 0.1, min: 0, max: 1 },
} as const satisfies Record<string, NumberLimits & { readonly default: number }>;

export type NumberName = keyof typeof NUMBERS;

/** The options with every default filled in, apart from the seed. */
export type CheckedOptions = { readonly [name in NumberName]: number } & {
  readonly logitBias: readonly (readonly [token: number, bias: number])[];
  readonly dryBreakers: readonly number[];
  readonly seed: number | undefined;
};

/** The settings as the chain takes them: of tokens alone. */
export interface TokenOptions extends SamplerOptions {
  readonly dryBreakers?: readonly number[];
}

/** The numbers that this setting can be. */
export const limitsOf = (name: NumberName): NumberLimits => NUMBERS[name];

const SAMPLER_OPTION_NAMES: readonly string[] = [...Object.keys(NUMBERS), 'logitBias', 'dryBreakers', 'seed'];

/** Checks every setting and fills in the defaults; throws a RangeError or a TypeError that names the setting. */
export function checkOptions(options: TokenOptions, nVocab: number): CheckedOptions {
  checkNames('sampler option', options, SAMPLER_OPTION_NAMES);
  const numbers = Object.entries(NUMBERS).map(([name, row]) => {
    const value = options[name as NumberName] ?? row.default;
    checkNumber(name, value, row);
    return [name, value];
  });
  const { logitBias = [], dryBreakers = [], seed } = options;
  if (seed !== undefined) checkWhole('seed', seed, { min: 0, max: Number.MAX_SAFE_INTEGER });
  const tokenLimits = { min: 0, max: nVocab - 1 };
  for (const pair of logitBias) {
    if (!Array.isArray(pair)) throw new TypeError(`logitBias holds ${kindOf(pair)}, expected pairs of [token, bias]`);
    const [token, bias] = pair as readonly [number, number];
    checkWhole('logitBias token', token, tokenLimits);
    if (bias !== -Infinity) checkNumber(`logitBias of token ${token}`, bias, { min: -1e6, max: 1e6 });
  }
  for (const token of dryBreakers) checkWhole('dryBreakers token', token, tokenLimits);
  return { ...(Object.fromEntries(numbers) as Record<NumberName, number>), logitBias, dryBreakers, seed };
}

/** The same for callers who need no defaults; before a model is open nobody knows how many tokens there are, or which. */
export function checkSamplerOptions({ dryBreakers = [], ...options }: SamplerOptions, nVocab = Infinity): void {
  checkOptions({ ...options, dryBreakers: dryBreakers.filter((breaker) => typeof breaker === 'number') }, nVocab);
}
