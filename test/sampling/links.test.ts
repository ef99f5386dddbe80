import { describe, expect, test } from 'vitest';
import { maxLogit, weigh } from '../../src/sampling/candidates.ts';
import { minP } from '../../src/sampling/min_p.ts';
import { mirostat } from '../../src/sampling/mirostat.ts';
import { pickBest, pickRandom } from '../../src/sampling/pick.ts';
import { seedRandom } from '../../src/sampling/random.ts';
import { temperature } from '../../src/sampling/temperature.ts';
import { topK } from '../../src/sampling/top_k.ts';
import { topP } from '../../src/sampling/top_p.ts';
import { typicalP } from '../../src/sampling/typical_p.ts';
import { xtc } from '../../src/sampling/xtc.ts';
import { best, entries, load, randomLogits, shortestPrefix, softmax, toEntries, tokensOf } from './oracle.ts';

/** Random logits of several sizes, smooth and with many ties. */
const inputs = [1, 2, 3, 33, 100, 1000].flatMap((n) => [0, 0.5, 3].map((step) => randomLogits(n, 17 * n + 1, step)));

const probsByToken = (logits: Float32Array): Map<number, number> =>
  new Map(softmax(toEntries(logits)).map((p, token) => [token, p]));

const alwaysXtc = (threshold: number) => {
  const random = new Uint32Array(4);
  seedRandom(random, 1);
  return xtc({ xtcProbability: 1, xtcThreshold: threshold }, random);
};

describe('top-k', () => {
  test.each([1, 2, 7, 40, 999, 5000])('keeps the %i largest logits in order, equals by token', (k) => {
    for (const logits of inputs) {
      const c = load(logits);
      topK(k).apply(c);
      expect(entries(c)).toEqual(toEntries(logits).sort(best).slice(0, k));
    }
  });
});

describe('top-p', () => {
  test.each([0, 0.1, 0.5, 0.9, 0.99])('keeps the smallest most likely set of probability %d', (p) => {
    for (const logits of inputs) {
      const expected = shortestPrefix(toEntries(logits).sort(best), probsByToken(logits), p);
      const c = load(logits);
      topP(p).apply(c);
      expect(tokensOf(entries(c))).toEqual(tokensOf(expected));
      const sorted = load(logits);
      topK(logits.length).apply(sorted);
      topP(p).apply(sorted);
      expect(entries(sorted)).toEqual(expected);
    }
  });
});

describe('typical-p', () => {
  test.each([0, 0.2, 0.5, 0.95])('keeps the smallest set closest to the entropy of probability %d', (p) => {
    for (const logits of inputs) {
      const probs = probsByToken(logits);
      const entropy = [...probs.values()].reduce((sum, q) => sum - q * Math.log(q), 0);
      const closeness = toEntries(logits).map(({ token }) => ({
        token,
        logit: -Math.abs(-Math.log(probs.get(token)!) - entropy),
      }));
      const c = load(logits);
      typicalP(p, logits.length).apply(c);
      const kept = entries(c);
      for (const { token, logit } of kept) expect(logit).toBe(logits[token]);
      const expected = shortestPrefix(closeness.sort(best), probs, p);
      if (new Set(logits).size === logits.length) {
        expect(tokensOf(kept)).toEqual(tokensOf(expected));
        continue;
      }
      // Equal closeness is decided by rounding here, so compare what is decided: the worst that stays, and the mass.
      const worst = Math.min(...kept.map((e) => closeness.find((d) => d.token === e.token)!.logit));
      expect(worst).toBeCloseTo(expected.at(-1)!.logit, 5);
      expect(kept.reduce((sum, e) => sum + probs.get(e.token)!, 0)).toBeGreaterThanOrEqual(p - 1e-9);
    }
  });

  test('ignores banned tokens when it works out the entropy', () => {
    const c = load(Float32Array.of(1, -Infinity, 1, -Infinity));
    typicalP(0.9, 4).apply(c);
    expect(tokensOf(entries(c))).toEqual([0, 2]);
  });
});

describe('min-p', () => {
  test.each([0.001, 0.05, 0.5, 1])('keeps what is at least %d times as likely as the best', (p) => {
    for (const logits of inputs) {
      const probs = softmax(toEntries(logits));
      const least = p * Math.max(...probs) * (1 - 1e-12);
      const c = load(logits);
      minP(p).apply(c);
      expect(entries(c).map((e) => e.token)).toEqual([...probs.keys()].filter((token) => probs[token]! >= least));
    }
  });

  test('at 1 leaves only the best and its equals', () => {
    const c = load(Float32Array.of(2, 5, 4.9999, 5));
    minP(1).apply(c);
    expect(tokensOf(entries(c))).toEqual([1, 3]);
  });
});

describe('XTC', () => {
  test.each([0.01, 0.1, 0.4])('drops all choices of at least %d but the least likely', (threshold) => {
    for (const logits of inputs) {
      const probs = probsByToken(logits);
      const tops = toEntries(logits)
        .sort(best)
        .filter((e) => probs.get(e.token)! >= threshold);
      const dropped = new Set(tops.slice(0, -1).map((e) => e.token));
      const c = load(logits);
      alwaysXtc(threshold).apply(c);
      expect(entries(c)).toEqual(toEntries(logits).filter((e) => !dropped.has(e.token)));
    }
  });

  test('needs two choices over the threshold to drop one', () => {
    const c = load(Float32Array.of(5, 0, 0));
    alwaysXtc(0.1).apply(c);
    expect(c.n).toBe(3);
  });

  test('at threshold 0 spares a token that can be drawn, not a banned one', () => {
    const c = load(Float32Array.of(5, -Infinity, 1));
    alwaysXtc(0).apply(c);
    expect(maxLogit(c)).toBe(1);
  });

  test('acts as often as its probability says', () => {
    const random = new Uint32Array(4);
    seedRandom(random, 3);
    const link = xtc({ xtcProbability: 0.3, xtcThreshold: 0.1 }, random);
    let acted = 0;
    for (let i = 0; i < 10_000; i++) {
      const c = load(Float32Array.of(1, 1));
      link.apply(c);
      if (c.n === 1) acted++;
    }
    expect(Math.abs(acted - 3000)).toBeLessThan(200); // 4.4 standard deviations
  });
});

describe('temperature', () => {
  const settings = { dynamicTemperatureRange: 0, dynamicTemperatureExponent: 1 };

  test.each([0.3, 1, 2.5])('%d gives the softmax of the divided logits', (t) => {
    for (const logits of inputs) {
      const c = load(logits);
      temperature({ temperature: t, ...settings }).apply(c);
      const expected = softmax(toEntries(logits).map((e) => ({ ...e, logit: e.logit / t })));
      softmax(entries(c)).forEach((p, i) => expect(p).toBeCloseTo(expected[i]!, 6));
    }
  });

  test('so small that quotients overflow still leaves the best token', () => {
    const c = load(Float32Array.of(100, 300, -50));
    temperature({ temperature: 1e-300, ...settings }).apply(c);
    expect([...c.logits]).toEqual([-Infinity, 0, -Infinity]);
  });

  test.each([
    [0.8, 0.5, 1],
    [0.5, 0.7, 2],
    [1, 1, 0.5],
  ])('%d ± %d with exponent %d follows the entropy', (t, range, exponent) => {
    for (const logits of inputs.filter((l) => l.length > 1)) {
      const probs = softmax(toEntries(logits));
      const entropy = probs.reduce((sum, p) => sum - p * Math.log(p), 0);
      const lowest = Math.max(0, t - range);
      const dynamic = lowest + (t + range - lowest) * (entropy / Math.log(logits.length)) ** exponent;
      const c = load(logits);
      temperature({
        temperature: t,
        dynamicTemperatureRange: range,
        dynamicTemperatureExponent: exponent,
      }).apply(c);
      const expected = softmax(toEntries(logits).map((e) => ({ ...e, logit: e.logit / dynamic })));
      softmax(entries(c)).forEach((p, i) => expect(p).toBeCloseTo(expected[i]!, 5));
    }
  });

  test('is the lowest when the model is certain and the highest when all are equal', () => {
    const dynamic = { temperature: 1, dynamicTemperatureRange: 0.5, dynamicTemperatureExponent: 1 };
    const certain = load(Float32Array.of(0, -200));
    temperature(dynamic).apply(certain);
    expect(certain.logits[1]).toBeCloseTo(-400, 3);
    const flat = load(Float32Array.of(3, 3, 3));
    temperature(dynamic).apply(flat);
    expect([...flat.logits]).toEqual([0, 0, 0]);
  });
});

describe('mirostat', () => {
  test('drops what is more surprising than mu, but never the best', () => {
    const logits = randomLogits(500, 5);
    const probs = probsByToken(logits);
    for (const tau of [0.01, 1, 2, 4]) {
      const link = mirostat({ mirostatTau: tau, mirostatEta: 0.1 });
      const c = load(logits);
      link.apply(c);
      const expected = toEntries(logits).filter((e) => -Math.log2(probs.get(e.token)!) <= 2 * tau);
      expect(tokensOf(entries(c))).toEqual(
        expected.length > 0 ? tokensOf(expected) : [toEntries(logits).sort(best)[0]!.token],
      );
    }
  });

  /** Mean surprise in bits of the tokens drawn, once the feedback has settled. */
  function meanSurprise(tau: number, inputs: readonly Float32Array[]): number {
    const random = new Uint32Array(4);
    seedRandom(random, 9);
    const link = mirostat({ mirostatTau: tau, mirostatEta: 0.1 });
    const nWarmUp = 300;
    const nMeasured = 1500;
    let bits = 0;
    for (let i = 0; i < nWarmUp + nMeasured; i++) {
      const c = load(inputs[i % inputs.length]!);
      link.apply(c);
      const token = pickRandom(c, random);
      const p = c.weights[c.tokens.indexOf(token)]! / weigh(c);
      if (i >= nWarmUp) bits -= Math.log2(p);
      link.accept(token);
    }
    return bits / nMeasured;
  }

  const flat = Array.from({ length: 50 }, (_, i) => randomLogits(2000, 1 + i)); // entropy 5.5 bits and more
  test.each([2, 3.5, 5])('brings the mean surprise to %d bits', (tau) => {
    expect(Math.abs(meanSurprise(tau, flat) - tau)).toBeLessThan(0.1);
  });

  test('drops nothing where the entropy is below the target', () => {
    const peaked = [Float32Array.of(0, 1, 2, 3)];
    const entropy = softmax(toEntries(peaked[0]!)).reduce((sum, p) => sum - p * Math.log2(p), 0);
    expect(Math.abs(meanSurprise(5, peaked) - entropy)).toBeLessThan(0.1);
  });

  test('is not moved by a token that it did not offer', () => {
    const link = mirostat({ mirostatTau: 3, mirostatEta: 0.5 });
    link.accept(1);
    link.apply(load(Float32Array.of(50, 0)));
    link.accept(1);
    expect(link.mu).toBe(6);
    link.accept(0);
    expect(link.mu).toBeCloseTo(7.5, 6); // no surprise at all: up by 0.5 * 3
  });
});

describe('picking', () => {
  test('the best token is the lowest of the largest logits', () => {
    expect(pickBest(load(Float32Array.of(1, 3, -Infinity, 3)))).toBe(1);
  });

  test('draws follow the probabilities', () => {
    const logits = randomLogits(12, 4);
    logits[3] = -Infinity;
    const probs = softmax(toEntries(logits));
    const random = new Uint32Array(4);
    seedRandom(random, 42);
    const counts = new Array<number>(12).fill(0);
    const n = 50_000;
    const c = load(logits);
    for (let i = 0; i < n; i++) counts[pickRandom(c, random)]!++;
    expect(counts[3]).toBe(0);
    const chiSquare = probs.reduce((sum, p, i) => (p === 0 ? sum : sum + (counts[i]! - n * p) ** 2 / (n * p)), 0);
    expect(chiSquare).toBeLessThan(29.6); // 10 degrees of freedom: exceeded once in a thousand seeds
  });
});
