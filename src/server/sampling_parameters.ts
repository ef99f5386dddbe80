import { list, number, text, whole, wrong, type Check, type Given, type Parameter } from './parameters.ts';
import type { ServedOptions } from './served.ts';

/** Each is looked for in the whole vocabulary. */
const MAX_BREAKERS = 64;

const setting = (sets: Parameter<number>['sets'], check: Check<number>): Parameter<number> => ({ check, sets: sets! });
const least = { min: -Infinity };

/** A seed of -1 is one that is drawn. */
export const seed: Check<number | undefined> = (value, name) => {
  const given = number({ min: -Number.MAX_SAFE_INTEGER, isInteger: true })(value, name);
  if (given === -1) return undefined;
  return given < 0 ? given + Number.MAX_SAFE_INTEGER + 1 : given;
};

/** Settings that all three APIs call the same. The library checks their limits, and says so in its own words. */
export const commonSampling = {
  temperature: setting('temperature', number(least)),
  top_p: setting('topP', number(least)),
  presence_penalty: setting('presencePenalty', number(least)),
  frequency_penalty: setting('frequencyPenalty', number(least)),
  seed: { check: seed, sets: 'seed' },
} as const;

/** Those of llama-server and Ollama, which clients give to other servers as well. */
export const localSampling = {
  ...commonSampling,
  top_k: setting('topK', (value, name) => Math.max(0, whole(-1, 2 ** 31 - 1)(value, name))),
  min_p: setting('minP', number(least)),
  typical_p: setting('typicalP', number(least)),
  repeat_penalty: setting('repeatPenalty', number(least)),
  repeat_last_n: setting('repeatLastN', (value, name) => {
    const n = whole(-1, 2 ** 20)(value, name);
    return n === -1 ? 2 ** 20 : n; // all of the context
  }),
} as const;

/** The rarer ones of llama-server. */
export const rareSampling = {
  dry_multiplier: setting('dryMultiplier', number(least)),
  dry_base: setting('dryBase', number(least)),
  dry_allowed_length: setting('dryAllowedLength', whole(1)),
  dry_penalty_last_n: setting('dryLastN', (value, name) => {
    const n = whole(-1, 2 ** 20)(value, name);
    return n === -1 ? 2 ** 20 : n;
  }),
  dry_sequence_breakers: { check: list(text, { most: MAX_BREAKERS }), sets: 'dryBreakers' },
  xtc_probability: setting('xtcProbability', number(least)),
  xtc_threshold: setting('xtcThreshold', number(least)),
  dynatemp_range: setting('dynamicTemperatureRange', number(least)),
  dynatemp_exponent: setting('dynamicTemperatureExponent', number(least)),
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
