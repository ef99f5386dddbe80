import type { TokenOptions } from '../../src/sampling/options.ts';
import { describe, expect, test } from 'vitest';
import { FormatError } from '../../src/base/errors.ts';
import { createSampler } from '../../src/sampling/chain.ts';
import { logProbs } from '../../src/sampling/log_probs.ts';
import { best, lehmer, randomLogits, softmax, toEntries, type Entry } from './oracle.ts';

const N_VOCAB = 300;
const steps = Array.from({ length: 60 }, (_, i) => randomLogits(N_VOCAB, i + 1)); // logits of 60 positions

function run(options: TokenOptions, logits = steps, sampler = createSampler(options, logits[0]!.length)): number[] {
  return logits.map((l) => {
    const token = sampler.sample(l);
    sampler.accept(token);
    return token;
  });
}

describe('greedy', () => {
  test('takes the largest logit, the lowest token among equals, whatever else is set', () => {
    const logits = Float32Array.of(1, 7, 3, 7, -Infinity);
    expect(createSampler({ temperature: 0 }, 5).sample(logits)).toBe(1);
    expect(createSampler({ temperature: 0, topK: 1, mirostatTau: 5, xtcProbability: 1 }, 5).sample(logits)).toBe(1);
  });

  test('obeys the logit bias and the penalties', () => {
    const logits = Float32Array.of(1, 7, 6.5, 2);
    expect(createSampler({ temperature: 0, logitBias: [[1, -Infinity]] }, 4).sample(logits)).toBe(2);
    const sampler = createSampler({ temperature: 0, repeatPenalty: 2 }, 4);
    expect(run({}, [logits, logits, logits], sampler)).toEqual([1, 2, 1]);
  });
});

describe('the order of the chain', () => {
  const frequencies = (options: TokenOptions, logits: Float32Array, n = 4000): number[] => {
    const sampler = createSampler({ seed: 5, ...options }, logits.length);
    const counts = new Array<number>(logits.length).fill(0);
    for (let i = 0; i < n; i++) counts[sampler.sample(logits)]! += 1 / n;
    return counts;
  };
  const off = { topK: 0, topP: 1, minP: 0, temperature: 1 };

  test('is bias before top-k: a raised token enters, a lowered one leaves', () => {
    const logitBias = [
      [2, 5],
      [0, -9],
    ] as const;
    const [a, b, c] = frequencies({ ...off, topK: 2, logitBias }, Float32Array.of(3, 2, 1));
    expect([a! > 0, b! > 0, c! > 0]).toEqual([false, true, true]);
  });

  test('is top-k before top-p: the nucleus is measured among the k', () => {
    // Half of the mass is beyond the two best; among those two, 0.6 needs both only if the first has less than 0.6 of them.
    const logits = Float32Array.from([0.35, 0.15, ...new Array<number>(10).fill(0.05)], Math.log);
    const counts = frequencies({ ...off, topK: 2, topP: 0.6 }, logits);
    expect(counts[0]).toBeCloseTo(1, 6);
  });

  test('is truncation before temperature: heat does not let unlikely tokens in', () => {
    const logits = Float32Array.from([0.9, 0.09, 0.01], Math.log);
    const counts = frequencies({ ...off, minP: 0.05, temperature: 50 }, logits);
    expect(counts[2]).toBe(0);
    expect(Math.abs(counts[0]! - 0.5)).toBeLessThan(0.06);
  });

  test('is min-p before XTC: the choice that XTC spares is one that min-p let through', () => {
    const logits = Float32Array.from([0.5, 0.38, 0.12], Math.log);
    expect(frequencies({ ...off, minP: 0.5, xtcProbability: 1 }, logits)).toEqual([0, expect.closeTo(1, 6), 0]);
    expect(frequencies({ ...off, xtcProbability: 1 }, logits)).toEqual([0, 0, expect.closeTo(1, 6)]);
  });

  test('as a whole draws from what the plain definitions leave', () => {
    const options = { temperature: 0.7, topK: 20, topP: 0.9, minP: 0.1 };
    const logits = randomLogits(N_VOCAB, 77);
    let list: Entry[] = toEntries(logits).sort(best).slice(0, options.topK);
    let mass = 0;
    const probs = softmax(list);
    list = list.slice(0, probs.findIndex((p) => (mass += p) >= options.topP) + 1);
    list = list.filter((_, i) => probs[i]! >= options.minP * probs[0]!);
    const expected = softmax(list.map((e) => ({ ...e, logit: e.logit / options.temperature })));
    const counts = frequencies(options, logits, 20_000);
    list.forEach((e, i) => expect(Math.abs(counts[e.token]! - expected[i]!)).toBeLessThan(0.018)); // 5 deviations
    expect(counts.filter((share) => share > 0).length).toBe(list.length);
  });
});

const everything: TokenOptions = {
  seed: 11,
  logitBias: [[4, 1]],
  repeatPenalty: 1.1,
  presencePenalty: 0.2,
  frequencyPenalty: 0.1,
  dryMultiplier: 0.8,
  dryBreakers: [3],
  topK: 50,
  typicalP: 0.98,
  xtcProbability: 0.3,
  xtcThreshold: 0.05,
  dynamicTemperatureRange: 0.3,
};

describe('determinism', () => {
  test.each([{}, everything, { mirostatTau: 3 }, { topK: 0, minP: 0 }])('same seed, same tokens: %j', (options) => {
    expect(run({ seed: 1, ...options })).toEqual(run({ seed: 1, ...options }));
    expect(run({ ...options, seed: 1 })).not.toEqual(run({ ...options, seed: 2 }));
  });

  test('the tokens are pinned, so another engine that draws differently fails here', () => {
    expect(run({ seed: 42 }).slice(0, 8)).toEqual([198, 214, 173, 214, 248, 39, 50, 125]);
    expect(run(everything).slice(0, 8)).toEqual([50, 83, 242, 214, 277, 162, 36, 125]);
  });

  test('a drawn seed is reported and reproduces the text', () => {
    const sampler = createSampler({}, N_VOCAB);
    const tokens = run({}, steps, sampler);
    expect(run({ seed: sampler.seed })).toEqual(tokens);
  });

  test('reset starts over', () => {
    for (const options of [everything, { seed: 3, mirostatTau: 3 }]) {
      const sampler = createSampler(options, N_VOCAB);
      const tokens = run({}, steps, sampler);
      sampler.reset();
      expect(run({}, steps, sampler)).toEqual(tokens);
    }
  });

  test('sampling leaves the logits as they were', () => {
    const logits = randomLogits(N_VOCAB, 8);
    createSampler(everything, N_VOCAB).sample(logits);
    expect(logits).toEqual(randomLogits(N_VOCAB, 8));
  });
});

describe('save and restore', () => {
  test.each([everything, { seed: 3, mirostatTau: 3, repeatPenalty: 1.2 }])(
    'go on where the other stood: %j',
    (options) => {
      const first = createSampler(options, N_VOCAB);
      run({}, steps, first);
      const state = JSON.parse(JSON.stringify(first.save()));
      const second = createSampler({ ...options, seed: 999 }, N_VOCAB);
      run({}, steps.slice(7), second);
      second.restore(state);
      expect(run({}, steps, second)).toEqual(run({}, steps, first));
    },
  );

  test('a state that cannot be right is refused', () => {
    const sampler = createSampler({}, 10);
    const good = sampler.save();
    expect(() => sampler.restore({ ...good, random: [0, 0, 0, 0] })).toThrow(/random state is \[0, 0, 0, 0\]/);
    expect(() => sampler.restore({ ...good, random: [1, 2, 3, 2 ** 32] })).toThrow(RangeError);
    expect(() => sampler.restore({ ...good, recent: [10] })).toThrow(/recent token is 10, .* 0 to 9/);
    expect(() => sampler.restore({ ...good, mirostatMu: NaN })).toThrow(RangeError);
  });
});

describe('edges', () => {
  test('topK beyond the vocabulary, or 0, keeps every token', () => {
    const logits = new Float32Array(5);
    for (const topK of [0, 5, 1000]) {
      const sampler = createSampler({ seed: 1, topK, topP: 1, minP: 0 }, 5);
      expect(new Set(Array.from({ length: 200 }, () => sampler.sample(logits))).size).toBe(5);
    }
  });

  test('a vocabulary of one token', () => {
    for (const options of [{}, everything].map(({ logitBias: _, dryBreakers: __, ...rest }: TokenOptions) => rest)) {
      expect(createSampler(options, 1).sample(Float32Array.of(-3))).toBe(0);
    }
  });

  test('logits that are no distribution are an error, not token 0', () => {
    for (const temperature of [0, 0.8]) {
      const sampler = createSampler({ temperature }, 3);
      expect(() => sampler.sample(Float32Array.of(1, NaN, 2))).toThrow(/logit of token 1 is NaN/);
      expect(() => sampler.sample(Float32Array.of(1, 2, Infinity))).toThrow(/logit of token 2 is Infinity/);
      expect(() => sampler.sample(Float32Array.of(NaN, 2, 3))).toThrow(FormatError);
      expect(() => sampler.sample(new Float32Array(3).fill(-Infinity))).toThrow(/logit of token 0 is -Infinity/);
      const banning = createSampler({ temperature, logitBias: [0, 1, 2].map((t) => [t, -Infinity] as const) }, 3);
      expect(() => banning.sample(new Float32Array(3))).toThrow(
        /after logitBias and what the file suppresses; allow at least one/,
      );
      expect(() => sampler.sample(new Float32Array(4))).toThrow(/got 4 logits, expected 3/);
    }
  });

  test.each([
    [{ temperature: NaN }, /temperature is NaN, expected a number from 0 to 100/],
    [{ temperature: -0.1 }, /temperature is -0.1/],
    [{ temperature: Infinity }, /temperature is Infinity/],
    [{ topK: 1.5 }, /topK is 1.5, expected a whole number from 0/],
    [{ topK: -1 }, /topK is -1/],
    [{ topP: 1.01 }, /topP is 1.01, expected a number from 0 to 1/],
    [{ minP: NaN }, /minP is NaN/],
    [{ typicalP: -1 }, /typicalP is -1/],
    [{ repeatPenalty: 0 }, /repeatPenalty is 0, expected a number from 0.01/],
    [{ dryBase: 0.5 }, /dryBase is 0.5/],
    [{ dryAllowedLength: 0 }, /dryAllowedLength is 0/],
    [{ xtcThreshold: 2 }, /xtcThreshold is 2/],
    [{ mirostatEta: Infinity }, /mirostatEta is Infinity/],
    [{ seed: -1 }, /seed is -1/],
    [{ seed: 2 ** 53 }, /seed is 9007199254740992/],
    [{ logitBias: [[10, 1]] as const }, /logitBias token is 10, expected a whole number from 0 to 9/],
    [{ logitBias: [[1, Infinity]] as const }, /logitBias of token 1 is Infinity/],
    [{ dryBreakers: [-1] }, /dryBreakers token is -1/],
  ])('%j is a RangeError', (options, message) => {
    expect(() => createSampler(options, 10)).toThrow(message);
    expect(() => createSampler(options, 10)).toThrow(RangeError);
  });

  test('an unknown or wrongly typed setting is a TypeError', () => {
    const misspelt = { topk: 3 } as TokenOptions;
    expect(() => createSampler(misspelt, 10)).toThrow(/unknown sampler option topk \(is it topK\?\); there are .*topK/);
    expect(() => createSampler(misspelt, 10)).toThrow(TypeError);
    const text: object = { topK: '40' };
    expect(() => createSampler(text, 10)).toThrow(/topK is string, expected a number/);
  });

  test('mirostat learns from a drawn token once, and not from prompt tokens', () => {
    const sampler = createSampler({ seed: 1, mirostatTau: 3 }, N_VOCAB);
    sampler.accept(5);
    expect(sampler.save().mirostatMu).toBe(6);
    const token = sampler.sample(steps[0]!);
    sampler.accept(token);
    const { mirostatMu } = sampler.save();
    expect(mirostatMu).not.toBe(6);
    for (const next of [token, 0, 1, 2]) sampler.accept(next);
    expect(sampler.save().mirostatMu).toBe(mirostatMu);
  });

  test('an accepted token must be one', () => {
    expect(() => createSampler({}, 10).accept(10)).toThrow(/accepted token is 10/);
  });
});

test('no array is allocated per token', () => {
  const nVocab = 4000;
  const logits = randomLogits(nVocab, 3);
  for (const options of [{}, everything, { mirostatTau: 3 }, { topK: 0 }, { temperature: 0 }]) {
    const sampler = createSampler({ seed: 1, ...options }, nVocab);
    const bytesOf100 = (): number => {
      const before = process.memoryUsage();
      for (let i = 0; i < 100; i++) sampler.accept(sampler.sample(logits));
      const after = process.memoryUsage();
      return after.heapUsed - before.heapUsed + after.arrayBuffers - before.arrayBuffers;
    };
    for (let i = 0; i < 10; i++) bytesOf100(); // compile first
    // The median, because a garbage collection makes single readings negative.
    const median = Array.from({ length: 50 }, bytesOf100).sort((a, b) => a - b)[25]!;
    expect(median / 100).toBeLessThan(1000); // boxed numbers; one array of nVocab would be 16,000
  }
});

describe('log-probabilities', () => {
  test('are those of the softmax, best tokens first', () => {
    for (const step of [0, 0.5]) {
      const logits = randomLogits(N_VOCAB, 6, step);
      const probs = softmax(toEntries(logits));
      const { logProb, top } = logProbs(logits, 17, 12);
      expect(logProb).toBeCloseTo(Math.log(probs[17]!), 9);
      expect(top.map((t) => t.token)).toEqual(
        toEntries(logits)
          .sort(best)
          .slice(0, 12)
          .map((e) => e.token),
      );
      for (const t of top) expect(t.logProb).toBeCloseTo(Math.log(probs[t.token]!), 9);
    }
  });

  test('allow any number of tokens from none to all', () => {
    const logits = randomLogits(9, 2);
    expect(logProbs(logits, 0, 0).top).toEqual([]);
    expect(logProbs(logits, 0, 9).top).toHaveLength(9);
    expect(() => logProbs(logits, 0, 10)).toThrow(/nTop is 10, expected a whole number from 0 to 9/);
    expect(() => logProbs(logits, 9, 1)).toThrow(/token is 9/);
  });
});

test('a random order of logits gives the same candidates', () => {
  const random = lehmer(3);
  const logits = randomLogits(N_VOCAB, 12);
  const shuffled = [...logits.keys()].sort(() => random() - 0.5);
  const moved = Float32Array.from(shuffled, (token) => logits[token]!);
  const allowed = (l: Float32Array): Set<number> => {
    const sampler = createSampler({ seed: 1, topK: 0, typicalP: 0.9, temperature: 20 }, N_VOCAB);
    return new Set(Array.from({ length: 3000 }, () => l[sampler.sample(l)]!));
  };
  expect(allowed(moved)).toEqual(allowed(logits));
});
