/** The sampler's settings as options. */
import { checkSamplerOptions, type GenerateOptions, type SamplerOptions, type StopReason } from '../../src/index.ts';
import { usualMaxLogits } from '../../src/gguf.ts';
import { UsageError, type Arguments, type OptionTable } from './command.ts';
import { checked } from './option_words.ts';
import { samplingNames } from './sampling_names.ts';

const own = "default: the model's own";

export const samplingOptions = {
  'max-tokens': { short: 'n', value: 'N', help: 'most tokens of an answer (default: as many as fit)' },
  temp: { value: 'X', help: `temperature: 0 always takes the likeliest token (${own})` },
  seed: { value: 'N', help: 'same seed, same text (default: drawn at random)' },
  'top-k': { value: 'N', help: `keep the N likeliest tokens, 0 for all (${own})` },
  'top-p': { value: 'X', help: `keep the likeliest tokens up to this probability (${own})` },
  'min-p': { value: 'X', help: `keep tokens this many times as likely as the best one (${own})` },
  'repeat-penalty': { value: 'X', help: `divides the logits of recent tokens; 1 is off (${own})` },
  stop: { value: 'TEXT', many: true, help: 'end the answer before this text; repeatable' },
  'presence-penalty': { value: 'X', rare: true, help: 'subtracted from the logits of recent tokens' },
  'frequency-penalty': { value: 'X', rare: true, help: 'the same, once per occurrence' },
  'repeat-last-n': { value: 'N', rare: true, help: 'how many tokens are recent' },
  'typical-p': { value: 'X', rare: true, help: 'keep tokens of typical surprise up to this probability; 1 is off' },
  'dynatemp-range': { value: 'X', rare: true, help: 'temperature varies this much with the entropy; 0 is off' },
  'dynatemp-exp': { value: 'X', rare: true, help: 'how it follows the entropy: 1 linearly' },
  'xtc-probability': { value: 'X', rare: true, help: 'XTC: how often top choices are left out; 0 is off' },
  'xtc-threshold': { value: 'X', rare: true, help: 'XTC: the probability of a top choice' },
  'dry-multiplier': { value: 'X', rare: true, help: 'DRY: penalty for going on with a repetition; 0 is off' },
  'dry-base': { value: 'X', rare: true, help: 'DRY: factor per further token' },
  'dry-allowed-length': { value: 'N', rare: true, help: 'DRY: the shortest repetition that counts' },
  'dry-last-n': { value: 'N', rare: true, help: 'DRY: how many tokens are searched' },
  'dry-breaker': { value: 'TEXT', many: true, rare: true, help: 'DRY: no repetition reaches across it; repeatable' },
  'mirostat-tau': { value: 'X', rare: true, help: 'mirostat v2: target surprise in bits; 0 is off' },
  'mirostat-eta': { value: 'X', rare: true, help: 'mirostat v2: how fast it steers' },
  'logit-bias': {
    value: 'ID:X',
    many: true,
    rare: true,
    help: 'add X to the logit of token ID; -inf bans it; repeatable',
  },
  speculate: {
    value: 'HOW',
    rare: true,
    help: 'guess tokens ahead, same text: lookup (repeats) or draft (see --draft); default off',
  },
  'n-draft': { value: 'N', rare: true, help: `guesses a step, 1 to ${usualMaxLogits - 1} (default: as many as pay)` },
} as const satisfies OptionTable;

/** Settings of the answer, not of the sampler: read one by one. */
const notSampled = ['max-tokens', 'seed', 'logit-bias', 'dry-breaker', 'stop', 'speculate', 'n-draft'];

/** The settings that were given, and no others: the library knows the defaults and the limits. */
export function readSampling(args: Arguments): GenerateOptions {
  const numbers = Object.entries(samplingNames)
    .filter(([option]) => !notSampled.includes(option))
    .map(([option, name]) => [name, args.number(option)] as const);
  const bias = args.texts('logit-bias').map(parseBias);
  const breakers = args.texts('dry-breaker');
  const sampler = given({
    ...Object.fromEntries(numbers),
    seed: isDefault(args, 'seed') ? undefined : args.number('seed'),
    logitBias: bias.length > 0 ? bias : undefined,
    dryBreakers: breakers.length > 0 ? breakers : undefined,
  });
  checked(() => checkSamplerOptions(sampler));
  const stop = args.texts('stop');
  if (stop.includes('')) throw new UsageError('--stop is empty, expected a text that ends the answer');
  return {
    ...sampler,
    stop,
    ...given({
      maxTokens: isDefault(args, 'max-tokens') ? undefined : args.count('max-tokens'),
      speculate: readSpeculate(args),
      nDraft: args.count('n-draft', { max: usualMaxLogits - 1 }),
    }),
  };
}

/** Other programs say so for an answer up to its end, and for a seed drawn at random. */
const isDefault = (args: Arguments, name: 'max-tokens' | 'seed'): boolean => args.text(name) === '-1';

const given = (options: GenerateOptions): GenerateOptions =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));

/** A draft model is there to be asked. */
function readSpeculate(args: Arguments): 'lookup' | 'draft' | undefined {
  const hasDraft = args.text('draft') !== undefined;
  const how = args.choice('speculate', ['lookup', 'draft']) ?? (hasDraft ? 'draft' : undefined);
  if (how === 'draft' && !hasDraft) throw new UsageError('--speculate draft needs a model that guesses: --draft MODEL');
  if (how === 'lookup' && hasDraft) throw new UsageError('--draft is for --speculate draft; leave one of them out');
  if (how === undefined && args.text('n-draft') !== undefined) {
    throw new UsageError('--n-draft is for --speculate; say how to guess');
  }
  return how;
}

function parseBias(text: string): readonly [token: number, bias: number] {
  const found = /^(?<token>\d+):(?<bias>-inf|[-+]?[\d.]+)$/.exec(text)?.groups;
  const bias = found?.bias === '-inf' ? -Infinity : Number(found?.bias);
  if (found && !Number.isNaN(bias)) return [Number(found.token), bias];
  throw new UsageError(
    `--logit-bias is ${JSON.stringify(text)}, expected a token and a number, as in 42:-1.5 or 42:-inf`,
  );
}

/** What a status line says where not the model ended an answer. */
const endings: Readonly<Record<string, string>> = {
  length: 'cut by --max-tokens',
  full: 'cut: the context is full, see --ctx and --shift',
  loop: 'ended: it went round in circles, see --repeat-penalty',
};

export const endedBy = (stopReason: StopReason): string[] => (stopReason in endings ? [endings[stopReason]!] : []);

/** The library's, where a model says nothing. */
const usualTemperature = 0.8;

/** Whether every token is the likeliest one: then nothing is drawn, and the seed says nothing. */
export function isGreedy(settings: SamplerOptions, preset: SamplerOptions): boolean {
  const { temperature = preset.temperature ?? usualTemperature, topK = preset.topK } = settings;
  return temperature === 0 || topK === 1;
}
