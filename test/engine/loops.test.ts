import { expect, it } from 'vitest';
import { Loops } from '../../src/engine/loops.ts';
import { openBytes } from '../helpers/open.ts';
import { tinyModel } from '../helpers/tiny_models.ts';

/** How many tokens are taken before it calls them a loop. */
function tokensUntilLoop(tokens: Iterable<number>): number {
  const loops = new Loops();
  let n = 0;
  for (const token of tokens) {
    n++;
    if (loops.push(token)) return n;
  }
  return Infinity;
}

function* repeated(period: number, nBefore: number, nTimes: number): Generator<number> {
  for (let i = 0; i < nBefore; i++) yield 1000 + i;
  for (let i = 0; i < period * nTimes; i++) yield i % period;
}

it.each([
  [1, 192],
  [2, 192],
  [63, 192],
  [64, 192],
  [65, 195],
  [256, 768],
])('finds a span of %d tokens after %d of them', (period, after) => {
  for (const nBefore of [0, 1, 300]) expect(tokensUntilLoop(repeated(period, nBefore, 400))).toBe(nBefore + after);
});

it('passes over spans that are too long, come twice, or differ in one token', () => {
  expect(tokensUntilLoop(repeated(257, 5, 9))).toBe(Infinity);
  expect(tokensUntilLoop(repeated(100, 5, 2))).toBe(Infinity);
  const counted = Array.from({ length: 4000 }, (_, i) => (i % 50 === 0 ? 500 + i : i % 50)); // "1. … 2. … 3. …"
  expect(tokensUntilLoop(counted)).toBe(Infinity);
});

it('ends an answer that goes round in circles, unless that is wanted', async () => {
  const model = await openBytes(tinyModel('llama'), { nCtx: 1024 });
  const answer = async (options: object) => {
    const work = model.openSession().generate([5, 6, 7], { temperature: 0, maxTokens: 900, ...options });
    for (;;) {
      const { value, done } = await work.next();
      if (done) return value;
    }
  };
  const bias = Array.from({ length: 272 }, (_, t) => [t, t === 65 ? 100 : 0] as const); // nothing but A
  const { stopReason, tokens } = await answer({ logitBias: bias });
  expect([stopReason, tokens.length]).toEqual(['loop', 192]);
  for (const options of [{ onLoop: 'ignore' }, { ignoreEos: true }]) {
    expect((await answer({ logitBias: bias, ...options })).stopReason).toBe('length');
  }
  await expect(answer({ onLoop: 'no' })).rejects.toThrow(/onLoop is "no", expected one of stop, ignore/);
});
