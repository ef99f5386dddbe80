import { list, number, text, whole, wrong, type Check, type Given, type Parameter } from './parameters.ts';
import { limitsOf, type NumberName } from '../sampling/options.ts';
import type { ServedOptions } from './served.ts';

/** Each is looked for in the whole vocabulary. */
const MAX_BREAKERS = 64;

const setting = (sets: Parameter<number>['sets'], check: Check<number>): Parameter<number> => ({ check, sets: sets! });
const within = (sets: NumberName): Parameter<number> => setting(sets, number(limitsOf(sets)));

/** A seed of -1 is one that is drawn. */
export const seed: Check<number | undefined> = (value, name) => {
  const given = number({ min: -Number.MAX_SAFE_INTEGER, isInteger: true })(value, name);
  if (given === -1) return undefined;
  return given < 0 ? given + Number.MAX_SAFE_INTEGER + 1 : given;
};

/** Settings that all three APIs call the same. */
export const commonSampling = {
  temperature: within('temperature'),
  top_p: within('topP'),
  presence_penalty: within('presencePenalty'),
  frequency_penalty: within('frequencyPenalty'),
  seed: { check: seed, sets: 'seed' },
} as const;

/** Those of llama-server and Ollama, which clients give to other servers as well. */
export const localSampling = {
  ...commonSampling,
  top_k: setting('topK', (value, name) => Math.max(0, whole(-1, 2 ** 31 - 1)(value, name))),
  min_p: within('minP'),
  typical_p: within('typicalP'),
  repeat_penalty: within('repeatPenalty'),
  repeat_last_n: setting('repeatLastN', (value, name) => {
    const n = whole(-1, 2 ** 20)(value, name);
    return n === -1 ? 2 ** 20 : n; // all of the context
  }),
} as const;

/** The rarer ones of llama-server. */
export const rareSampling = {
  dry_multiplier: within('dryMultiplier'),
  dry_base: within('dryBase'),
  dry_allowed_length: within('dryAllowedLength'),
  dry_penalty_last_n: setting('dryLastN', (value, name) => {
    const n = whole(-1, 2 ** 20)(value, name);
    return n === -1 ? 2 ** 20 : n;
  }),
  dry_sequence_breakers: { check: list(text, { most: MAX_BREAKERS }), sets: 'dryBreakers' },
  xtc_probability: within('xtcProbability'),
  xtc_threshold: within('xtcThreshold'),
  dynatemp_range: within('dynamicTemperatureRange'),
  dynatemp_exponent: within('dynamicTemperatureExponent'),
} as const;

/** Mirostat is switched by one parameter, and set by two. */
export const mirostat = {
  mirostat: {
    check(value: unknown, name: string) {
      if (value === 0 || value === 2) return value;
      throw wrong(name, value, '0 (off) or 2: version 1 is not here');
    },
  },
  mirostat_tau: { check: number({ min: 0 }) },
  mirostat_eta: { check: number({ min: 0 }) },
} as const;

/** The options that they are. */
export const mirostatOf = ({
  mirostat: version,
  mirostat_tau = 5,
  mirostat_eta = 0.1,
}: Given<typeof mirostat>): ServedOptions =>
  version === 2 ? { mirostatTau: mirostat_tau, mirostatEta: mirostat_eta } : {};
