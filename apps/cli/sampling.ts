/** The sampler's settings as options. */
import type { GenerateOptions, StopReason } from '../../src/index.ts';
import { UsageError, type Arguments, type OptionTable } from './command.ts';

export const samplingOptions = {
  'max-tokens': { short: 'n', value: 'N', help: 'most tokens of an answer' },
  temp: { value: 'X', help: 'temperature: 0 always takes the likeliest token (default 0.8)' },
  'top-k': { value: 'N', help: 'keep the N likeliest tokens, 0 for all (default 40)' },
  'top-p': { value: 'X', help: 'keep the likeliest tokens up to this probability (default 0.95)' },
  'min-p': { value: 'X', help: 'keep tokens this many times as likely as the best one (default 0.05)' },
  seed: { value: 'N', help: 'same seed, same text (default: drawn at random)' },
  'repeat-penalty': { value: 'X', help: 'divides the logits of recent tokens (default 1, off)' },
  'presence-penalty': { value: 'X', help: 'subtracted from the logits of recent tokens (default 0)' },
  'frequency-penalty': { value: 'X', help: 'the same, once per occurrence (default 0)' },
  'repeat-last-n': { value: 'N', help: 'how many tokens are recent (default 64)' },
  'typical-p': { value: 'X', help: 'keep tokens of typical surprise up to this probability (default 1, off)' },
  'dynatemp-range': { value: 'X', help: 'temperature varies this much with the entropy (default 0)' },
  'dynatemp-exp': { value: 'X', help: 'how it follows the entropy: 1 linearly (default 1)' },
  'xtc-probability': { value: 'X', help: 'XTC: how often top choices are left out (default 0)' },
  'xtc-threshold': { value: 'X', help: 'XTC: the probability of a top choice (default 0.1)' },
  'dry-multiplier': { value: 'X', help: 'DRY: penalty for going on with a repetition (default 0, off)' },
  'dry-base': { value: 'X', help: 'DRY: factor per further token (default 1.75)' },
  'dry-allowed-length': { value: 'N', help: 'DRY: the shortest repetition that counts (default 2)' },
  'dry-last-n': { value: 'N', help: 'DRY: how many tokens are searched (default 1024)' },
  'mirostat-tau': { value: 'X', help: 'mirostat v2: target surprise in bits (default 0, off)' },
  'mirostat-eta': { value: 'X', help: 'mirostat v2: how fast it steers (default 0.1)' },
  'logit-bias': { value: 'ID:X', many: true, help: 'add X to the logit of token ID; -inf bans it; repeatable' },
  stop: { value: 'TEXT', many: true, help: 'end the answer before this text; repeatable' },
  speculate: {
    value: 'HOW',
    help: 'guess tokens ahead, same text: lookup (repeats) or draft (see --draft); default off',
  },
  'n-draft': { value: 'N', help: 'guesses a step, 1 to 7 (default: as many as pay)' },
} as const satisfies OptionTable;

/** The settings that were given, and no others: the library knows the defaults and the limits. */
export function readSampling(args: Arguments): GenerateOptions {
  const given = {
    maxTokens: args.count('max-tokens'),
    temperature: args.number('temp'),
    topK: args.number('top-k'),
    topP: args.number('top-p'),
    minP: args.number('min-p'),
    seed: args.number('seed'),
    repeatPenalty: args.number('repeat-penalty'),
    presencePenalty: args.number('presence-penalty'),
    frequencyPenalty: args.number('frequency-penalty'),
    repeatLastN: args.number('repeat-last-n'),
    typicalP: args.number('typical-p'),
    dynamicTemperatureRange: args.number('dynatemp-range'),
    dynamicTemperatureExponent: args.number('dynatemp-exp'),
    xtcProbability: args.number('xtc-probability'),
    xtcThreshold: args.number('xtc-threshold'),
    dryMultiplier: args.number('dry-multiplier'),
    dryBase: args.number('dry-base'),
    dryAllowedLength: args.number('dry-allowed-length'),
    dryLastN: args.number('dry-last-n'),
    mirostatTau: args.number('mirostat-tau'),
    mirostatEta: args.number('mirostat-eta'),
    logitBias: args.texts('logit-bias').map(parseBias),
    stop: args.texts('stop'),
    speculate: args.choice('speculate', ['lookup', 'draft']),
    nDraft: args.count('n-draft'),
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
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
export const endedBy = (stopReason: StopReason): string[] =>
  stopReason === 'length'
    ? ['ended by --max-tokens']
    : stopReason === 'full'
      ? ['ended: the context is full, see --ctx and --shift']
      : [];
