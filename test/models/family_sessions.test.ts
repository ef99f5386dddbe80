import { describe, expect, it } from 'vitest';
import { decodeSaved } from '../../src/engine/session_bytes.ts';
import type { GenerateOptions } from '../../src/protocol/generation.ts';
import { openBytes } from '../helpers/open.ts';
import { tinyModel } from '../helpers/tiny_models.ts';
import { wasm } from './steps.ts';

/** Families whose layers keep different things: rings and whole caches, shared ones, rows from storage, growing queries, tails, matrices. */
const families = ['gemma3', 'gemma3n', 'gemma4', 'granite_swa', 'mistral3', 'exaone4-large', 'lfm2', 'qwen35', 'falcon-h1', 'nemotron_h', 'gpt-oss'];

describe.each(families)('a session of %s', (name) => {
  it('stands where a new one does, whatever it went through', async () => {
    const model = await openBytes(tinyModel(name), { kvType: 'f32', nCtx: 128, threads: 2 }, wasm('simd'));
    type Session = ReturnType<typeof model.openSession>;
    const run = async (session: Session, prompt: readonly number[], options: GenerateOptions = {}) => {
      const work = session.generate(prompt, { temperature: 0, ignoreEos: true, maxTokens: 12, ...options });
      let last = await work.next();
      while (!last.done) last = await work.next();
      return last.value.tokens;
    };
    const expectFresh = async (session: Session) => {
      const fresh = model.openSession();
      for await (const _ of fresh.logits(session.tokens)) continue;
      const [states, wanted] = [decodeSaved(await session.save()).states, decodeSaved(await fresh.save()).states];
      expect(states.map((state, i) => Buffer.compare(state, wanted[i]!))).toEqual(wanted.map(() => 0));
      fresh.close();
    };
    const textOf = (seed: number, n: number) =>
      Array.from({ length: n }, (_, i) => (i % 7) * 31 + (i > n / 2 ? seed : 3) + 1);

    const session = model.openSession();
    for (const prompt of [textOf(1, 60), textOf(1, 50), textOf(2, 90), textOf(9, 3)]) {
      const fresh = model.openSession();
      expect(await run(session, prompt)).toEqual(await run(fresh, prompt));
      fresh.close();
      await expectFresh(session);
    }
    for (const nKept of [60, 31, 2]) {
      await run(session, textOf(nKept, 70));
      session.truncate(nKept);
      await expectFresh(session);
    }
    await run(session, textOf(4, 60));
    const other = model.openSession();
    await other.restore(await session.save());
    expect(await run(other, [...textOf(4, 60), 9, 8, 7])).toEqual(await run(session, [...textOf(4, 60), 9, 8, 7]));
    await expectFresh(other);
    other.truncate(50);
    await expectFresh(other);
    const logitBias = [5, 6, 7].map((token) => [token, 1e4] as const); // three words: some pairs come again
    const plain = await run(session, textOf(3, 40), { maxTokens: 40, logitBias });
    session.truncate(0);
    const guessed = { maxTokens: 40, logitBias, speculate: 'lookup', nDraft: 3 } as const;
    expect(await run(session, textOf(3, 40), guessed)).toEqual(plain);
    await expectFresh(session);
    expect(await run(session, textOf(6, 100), { maxTokens: 80, onFull: 'shift', onLoop: 'ignore' })).toHaveLength(80);
    await expectFresh(session);
    await model.close();
  });
});

it.each(['lfm2', 'qwen35', 'granitehybrid', 'gemma3'])('a session of %s goes on from another one with the same start', async (name) => {
  const model = await openBytes(tinyModel(name), { kvType: 'f32', nCtx: 128, threads: 2 }, wasm('simd'));
  const answer = async (prompt: readonly number[]) => {
    const work = model.openSession().generate(prompt, { temperature: 0, ignoreEos: true, maxTokens: 6 });
    let last = await work.next();
    while (!last.done) last = await work.next();
    return last.value;
  };
  const start = Array.from({ length: 20 }, (_, i) => (i * 29) % 200);
  const { tokens } = await answer(start); // the last of them is not read
  const longer = [...start, ...tokens.slice(0, -1), 7, 8, 9];
  const taken = await answer(longer);
  expect(taken.nReusedTokens).toBe(25);
  await model.close();
  const other = await openBytes(tinyModel(name), { kvType: 'f32', nCtx: 128, threads: 2 }, wasm('simd'));
  const fresh = other.openSession().generate(longer, { temperature: 0, ignoreEos: true, maxTokens: 6 });
  let last = await fresh.next();
  while (!last.done) last = await fresh.next();
  expect(taken.tokens).toEqual(last.value.tokens);
  await other.close();
});
