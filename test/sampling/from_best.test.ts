import { describe, expect, test } from 'vitest';
import type { Best } from '../../src/base/best.ts';
import { FormatError } from '../../src/base/errors.ts';
import { createSampler } from '../../src/sampling/chain.ts';
import { logProbs } from '../../src/sampling/log_probs.ts';
import { bestDraw } from '../../src/sampling/from_best.ts';
import type { TokenOptions } from '../../src/sampling/options.ts';
import { best, lehmer, randomLogits, toEntries } from './oracle.ts';

const N_VOCAB = 400;

/** The best `n` in an order of their own; with `ties`, also those that are as good as the last of them. */
function bestOf(logits: Float32Array, n: number, { ties = false, seed = 1 } = {}): Best {
  const sorted = toEntries(logits).sort(best);
  const last = sorted[n - 1]!.logit;
  const list = sorted.filter(({ logit }, i) => i < n || (ties && logit === last));
  const random = lehmer(seed);
  const shuffled = list.map((entry) => ({ entry, at: random() })).sort((a, b) => a.at - b.at);
  return {
    n: list.length,
    tokens: Int32Array.from(shuffled, ({ entry }) => entry.token),
    logits: Float32Array.from(shuffled, ({ entry }) => entry.logit),
  };
}

/** Settings of every kind, many of them at the end of their range. */
function randomOptions(random: () => number): TokenOptions {
  const pick = <T>(...values: readonly T[]): T => values[Math.floor(random() * values.length)]!;
  const token = (): number => Math.floor(random() * N_VOCAB);
  return {
    seed: Math.floor(random() * 1e6) + 1,
    temperature: pick(0, 0, 0.7, 1, 3),
    topK: pick(0, 1, 2, 5, 40, 100, 1000),
    topP: pick(1, 0.95, 0.5),
    minP: pick(0, 0.05, 0.3),
    typicalP: pick(1, 1, 0.9),
    xtcProbability: pick(0, 0, 0.5),
    dynamicTemperatureRange: pick(0, 0, 0.5),
    mirostatTau: pick(0, 0, 0, 0, 0, 3),
    repeatPenalty: pick(1, 1, 1.1, 2, 10, 0.9),
    presencePenalty: pick(0, 0, 0.5, 3, -0.5),
    frequencyPenalty: pick(0, 0, 0.1, 2),
    repeatLastN: pick(0, 8, 64, 300),
    dryMultiplier: pick(0, 0, 0.8, 5),
    dryAllowedLength: pick(1, 2),
    logitBias: Array.from({ length: pick(0, 0, 1, 9) }, () => [token(), pick(-Infinity, -1, -20, 0, 1)] as const),
  };
}

/** A row as models make them: a few tokens stand out, and some rows hold equals or tokens that cannot be. */
function randomRow(random: () => number): Float32Array {
  const step = [0, 0, 1, 3][Math.floor(random() * 4)]!;
  const sharp = [0.1, 1, 4][Math.floor(random() * 3)]!;
  const row = randomLogits(N_VOCAB, Math.floor(random() * 1e6) + 1, step).map((logit) => logit * sharp);
  if (random() < 0.1) for (let i = 0; i < N_VOCAB - 30; i++) row[i] = -Infinity;
  return row;
}

describe('a draw from the best logits', () => {
  test('is that from all of them, whatever the settings, or there is none', () => {
    const random = lehmer(20);
    const counts = { drawn: 0, undecided: 0, whole: 0 };
    for (let trial = 0; trial < 2500; trial++) {
      const options = randomOptions(random);
      const [plain, quick] = [createSampler(options, N_VOCAB), createSampler(options, N_VOCAB)];
      const draw = bestDraw(quick);
      for (let i = 0; i < 12; i++) {
        const logits = randomRow(random);
        if (i > 8) for (let back = 0; back < 20; back++) logits[(i * 31 + back) % N_VOCAB]! += 9;
        let token: number | undefined;
        if (draw && draw.nBest <= N_VOCAB) {
          // fewer than it asks for, too: what decides is what came
          const n = random() < 0.3 ? Math.max(1, Math.floor(draw.nBest * random())) : draw.nBest;
          token = draw.sample(bestOf(logits, n, { ties: random() < 0.5, seed: i + 1 }));
          counts[token === undefined ? 'undecided' : 'drawn']++;
        } else counts.whole++;
        token ??= quick.sample(logits);
        const wanted = plain.sample(logits);
        if (token !== wanted) expect.fail(`${token} instead of ${wanted} with ${JSON.stringify(options)}`);
        if (i === 11) expect(quick.save()).toEqual(plain.save());
        if (i === 11) expect(logProbs(logits, token, 3)).toEqual(logProbs(logits, wanted, 3));
        for (const sampler of [plain, quick]) sampler.accept(wanted);
        if (i % 3 === 0) for (const sampler of [plain, quick]) sampler.accept((wanted * 7) % N_VOCAB);
      }
    }
    expect(counts.drawn).toBeGreaterThan(5000);
    expect(counts.undecided).toBeGreaterThan(1000);
    expect(counts.whole).toBeGreaterThan(1000);
  }, 120_000);

  test('knows that equals come by token', () => {
    const sampler = createSampler({ topK: 2, presencePenalty: 3, seed: 1 }, 4);
    const logits = Float32Array.of(3, 3, 3, 6);
    const { sample } = bestDraw(sampler)!;
    expect(sample(bestOf(logits, 2))).toBeDefined();
    sampler.accept(3); // from here on it is one of four equals, and the last of them
    expect(sample(bestOf(logits, 2))).toBeUndefined();
    expect(sample(bestOf(logits, 3))).toBeDefined();
    const plain = bestDraw(createSampler({ topK: 3 }, 4))!;
    for (const seed of [1, 2, 3]) expect(plain.sample(bestOf(new Float32Array(4), 3, { seed }))).toBeDefined();
  });

  test('asks for few, and for none where all count', () => {
    const asked = (options: TokenOptions) => bestDraw(createSampler(options, N_VOCAB))?.nBest;
    expect(asked({ temperature: 0 })).toBe(1);
    expect(asked({ temperature: 0, topK: 7 })).toBe(1);
    expect(asked({})).toBe(40);
    expect(asked({ repeatPenalty: 1.1, logitBias: [[3, -Infinity]] })).toBe(104);
    for (const options of [
      { topK: 0 },
      { mirostatTau: 3 },
      { repeatPenalty: 0.9 },
      { presencePenalty: -1 },
      { frequencyPenalty: -1 },
      { logitBias: [[3, 0.1]] as const },
    ]) {
      expect(asked(options), JSON.stringify(options)).toBeUndefined();
    }
  });

  test.each([NaN, Infinity, -Infinity])('refuses %s', (wrong) => {
    const logits = Float32Array.of(wrong < 0 ? wrong : 3, wrong);
    const sampler = createSampler({ temperature: 0 }, 2);
    expect(() => bestDraw(sampler)!.sample({ n: 2, tokens: Int32Array.of(0, 1), logits })).toThrow(FormatError);
    expect(() => sampler.sample(logits)).toThrow(`is ${wrong}, expected a finite number`);
  });
});
