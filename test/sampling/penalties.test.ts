import { describe, expect, test } from 'vitest';
import { dry } from '../../src/sampling/dry.ts';
import { createHistory, recent, remember, type History } from '../../src/sampling/history.ts';
import { logitBias } from '../../src/sampling/logit_bias.ts';
import { penalties } from '../../src/sampling/penalties.ts';
import { lehmer, load, randomLogits } from './oracle.ts';

const N_VOCAB = 12;

function historyOf(tokens: readonly number[], capacity: number): History {
  const history = createHistory(capacity);
  for (const token of tokens) remember(history, token);
  return history;
}

function randomTokens(n: number, nDistinct: number, seed: number): number[] {
  const random = lehmer(seed);
  return Array.from({ length: n }, () => Math.floor(random() * nDistinct));
}

test('the history holds the latest tokens up to its capacity', () => {
  const history = historyOf([1, 2, 3, 4, 5], 3);
  expect([history.n, recent(history, 0), recent(history, 1), recent(history, 2)]).toEqual([3, 5, 4, 3]);
  expect(historyOf([1, 2], 0).n).toBe(0);
});

test('the logit bias is added, and -Infinity bans', () => {
  const c = load(Float32Array.of(1, 2, 3));
  logitBias([
    [0, 2.5],
    [2, -Infinity],
  ]).apply(c);
  expect([...c.logits]).toEqual([3.5, 2, -Infinity]);
});

describe('penalties', () => {
  test.each([
    [1.3, 0, 0, 64],
    [1, 0.5, 0.25, 8],
    [0.8, -0.5, 1, 20],
    [1.3, 1, 1, 0],
  ])('repeat %d, presence %d, frequency %d over the last %i tokens', (repeat, presence, frequency, lastN) => {
    for (let seed = 1; seed < 20; seed++) {
      const tokens = randomTokens(5 + seed * 3, 7, seed);
      const logits = randomLogits(N_VOCAB, seed);
      const c = load(logits);
      const options = {
        repeatPenalty: repeat,
        presencePenalty: presence,
        frequencyPenalty: frequency,
        repeatLastN: lastN,
      };
      const link = penalties(options, historyOf(tokens, 64), N_VOCAB);
      link.apply(load(logits)); // a first call must leave nothing behind
      link.apply(c);
      const window = lastN === 0 ? [] : tokens.slice(-Math.min(lastN, 64));
      for (let token = 0; token < N_VOCAB; token++) {
        const count = window.filter((t) => t === token).length;
        const logit = logits[token]!;
        const repeated = logit > 0 ? logit / repeat : logit * repeat;
        const expected = count === 0 ? logit : repeated - count * frequency - presence;
        expect(c.logits[token]).toBeCloseTo(expected, 5);
      }
    }
  });
});

/** DRY from its description: try every earlier position, compare backwards, stop at breakers. */
function dryPenalties(tokens: readonly number[], o: { base: number; allowed: number; breakers: number[] }): number[] {
  const longest = new Array<number>(N_VOCAB).fill(0);
  for (let follower = 1; follower < tokens.length; follower++) {
    let length = 0;
    while (follower - 1 - length >= 0) {
      const token = tokens[follower - 1 - length]!;
      if (token !== tokens[tokens.length - 1 - length] || o.breakers.includes(token)) break;
      length++;
    }
    const token = tokens[follower]!;
    if (!o.breakers.includes(token)) longest[token] = Math.max(longest[token]!, length);
  }
  return longest.map((length) => (length < o.allowed ? 0 : 0.8 * o.base ** (length - o.allowed)));
}

describe('DRY', () => {
  test.each([
    [1.75, 2, []],
    [1.2, 1, [0]],
    [2, 3, [1, 2]],
    [1, 2, [5]],
  ])('with base %d, allowed length %i and breakers %j', (base, allowed, breakers) => {
    for (let seed = 1; seed < 60; seed++) {
      const tokens = randomTokens(1 + seed, seed % 3 === 0 ? 2 : 4, seed);
      const window = tokens.slice(-40);
      const logits = randomLogits(N_VOCAB, seed);
      const c = load(logits);
      const options = {
        dryMultiplier: 0.8,
        dryBase: base,
        dryAllowedLength: allowed,
        dryLastN: 40,
        dryBreakers: breakers,
      };
      const link = dry(options, historyOf(tokens, 64), N_VOCAB);
      link.apply(load(logits));
      link.apply(c);
      dryPenalties(window, { base, allowed, breakers }).forEach((penalty, token) => {
        expect(c.logits[token]! / Math.fround(logits[token]! - penalty)).toBeCloseTo(1, 5);
      });
    }
  });

  test('penalises the token that would go on with a repetition', () => {
    const options = { dryMultiplier: 1, dryBase: 2, dryAllowedLength: 2, dryLastN: 100, dryBreakers: [] };
    const c = load(new Float32Array(N_VOCAB));
    dry(options, historyOf([3, 4, 5, 6, 9, 3, 4, 5], 100), N_VOCAB).apply(c);
    expect(c.logits[6]).toBe(-2); // 3 4 5 matches: 1 * 2 ** (3 - 2)
    expect(c.logits.filter((logit) => logit !== 0)).toHaveLength(1);
  });

  test('stays finite and quick on a long run of one token', () => {
    const options = { dryMultiplier: 1, dryBase: 50, dryAllowedLength: 2, dryLastN: 100_000, dryBreakers: [] };
    const history = historyOf(new Array<number>(100_000).fill(7), 100_000);
    const c = load(new Float32Array(N_VOCAB));
    const link = dry(options, history, N_VOCAB);
    const begin = performance.now();
    link.apply(c);
    expect(performance.now() - begin).toBeLessThan(500); // quadratic work would take 5e9 steps
    expect(c.logits[7]).toBe(Math.fround(-1e38));
  });
});
