import { describe, expect, it } from 'vitest';
import type { GenerateOptions, GenerateResult } from '../../src/protocol/generation.ts';
import { OWN_SESSION } from '../../src/protocol/messages.ts';
import { ask, watchedEngine, type Asking, type Ran, type Watched } from '../helpers/watched_engine.ts';
import { tinyModel } from '../helpers/tiny_models.ts';

/*
 * Whatever other sessions do meanwhile, a session makes the answer that it makes alone: the same tokens with the same log-probabilities,
 * to the bit.
 */

const always = { ignoreEos: true, logProbs: 2 } as const;

/** Numbers in [0, n). */
function dice(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return Math.floor(((state >>> 0) / 2 ** 32) * n);
  };
}

/** Some repeat themselves, so that lookup has something to guess. */
const textOf = (roll: (n: number) => number, n: number): number[] => {
  const period = roll(2) === 0 ? n : 3 + roll(20);
  const words = Array.from({ length: period }, () => 1 + roll(250));
  return Array.from({ length: n }, (_, i) => words[i % period]!);
};

function askingOf(roll: (n: number) => number): Asking & { readonly stopAt: number } {
  const maxTokens = 1 + roll(12);
  const greedy: GenerateOptions = { temperature: 0, maxTokens };
  const options = [
    greedy,
    { ...greedy, speculate: 'lookup' } as const,
    { temperature: 1, seed: roll(1000), maxTokens },
  ];
  return {
    prompt: textOf(roll, 1 + roll(roll(2) === 0 ? 40 : 220)),
    options: { ...always, ...options[roll(options.length)] },
    stopAt: roll(4) === 0 ? 1 + roll(6) : Infinity,
  };
}

/** Asks, and stops the answer at its event `stopAt`. */
async function stopped(watched: Watched, { stopAt, ...asking }: Asking & { stopAt: number }): Promise<GenerateResult> {
  const stop = new AbortController();
  let nEvents = 0;
  const onEvent = () => {
    if (++nEvents === stopAt) stop.abort();
  };
  return ask(watched, { ...asking, signal: stop.signal, onEvent });
}

const tokensOf = (steps: Ran): number => steps.reduce((n, { step }) => n + step.tokens.length, 0);

const essence = ({ tokens, text, stopReason, logProbs }: GenerateResult) => ({ tokens, text, stopReason, logProbs });

/** Whether one is the beginning of the other: where an answer is stopped depends on when. */
function expectSame(came: GenerateResult, alone: GenerateResult): void {
  if (came.stopReason !== 'abort') return expect(essence(came)).toEqual(essence(alone));
  expect(alone.tokens.slice(0, came.tokens.length)).toEqual(came.tokens);
  expect(alone.logProbs!.slice(0, came.tokens.length)).toEqual(came.logProbs);
}

const models = [
  ['llama-q4_k_m', { kvType: 'q8_0', threads: 2 }],
  ['llama-window-odd', {}],
  ['gemma3', { kvType: 'f32' }],
  ['gemma3n', {}],
  ['gpt-oss-mxfp4', { threads: 2 }],
  ['qwen3moe-q4_k_m', {}],
  ['llama', { backend: 'reference' }],
] as const;

describe.each(models)('sessions of %s %o', (name, options) => {
  it('answer together as each of them does alone', { timeout: 60_000 }, async () => {
    const bytes = tinyModel(name);
    const roll = dice(name.length);
    const isSlow = 'backend' in options;
    const askings = Array.from({ length: isSlow || name === 'gemma3n' ? 5 : 14 }, () => askingOf(roll));
    const alone = await watchedEngine(bytes, { nCtx: 256, ...options, maxSessions: 1 }); // products of one token at a time
    const wanted: GenerateResult[] = [];
    for (const { prompt, options } of askings) wanted.push(await ask(alone, { prompt, options }));
    const together = await watchedEngine(bytes, { nCtx: 256, ...options, maxSessions: 5 });
    const came = await Promise.all(askings.map((asking) => stopped(together, asking)));
    came.forEach((result, i) => expectSame(result, wanted[i]!));
    const mayJoin = !isSlow && name !== 'gemma3n';
    expect(together.ran.some((steps) => steps.length > 3)).toBe(mayJoin);
    expect(alone.ran.every((steps) => steps.length === 1)).toBe(true);
    await Promise.all([alone.engine.close(), together.engine.close()]);
  });
});

describe('sessions that run together', () => {
  const bytes = tinyModel('llama');
  const greedy = { ...always, temperature: 0 } as const;
  const long = textOf(dice(1), 900);
  const open = (options: object = {}) => watchedEngine(bytes, { nCtx: 1024, ...options });

  it('a short prompt beside a long one has its first token after two steps at most', async () => {
    const watched = await open();
    const others = [0, 1].map((i) =>
      ask(watched, { prompt: long.map((token) => token - i), options: { ...greedy, maxTokens: 2 } }),
    );
    await new Promise((resolve) => {
      watched.onStep = () => watched.ran.length === 3 && resolve(undefined);
    });
    const begin = watched.ran.length;
    let nSteps = Infinity;
    const onEvent = () => (nSteps = Math.min(nSteps, watched.ran.length - begin));
    await ask(watched, { prompt: long.slice(0, 40).reverse(), options: { ...greedy, maxTokens: 1 }, onEvent });
    expect(nSteps).toBeLessThanOrEqual(2);
    const readFirst = await Promise.all(others);
    expect(readFirst.every(({ tokens }) => tokens.length === 2)).toBe(true);
    await watched.engine.close();
  });

  it('an answer goes on at each step while a long prompt is read', async () => {
    const watched = await open();
    const answer = ask(watched, { prompt: [5, 6, 7], options: { ...greedy, maxTokens: 20 } });
    const other = ask(watched, { prompt: long, options: { ...greedy, maxTokens: 1 } });
    await Promise.all([answer, other]);
    const answering = watched.ran.slice(1, 20); // the first one reads its prompt
    answering.forEach((steps, i) =>
      expect(steps.some(({ step }) => step.pos === 3 + i && step.tokens.length === 1)).toBe(true),
    );
    expect(answering.filter((steps) => tokensOf(steps) === 128).length).toBeGreaterThan(5);
    expect(Math.max(...watched.ran.map(tokensOf))).toBe(128);
    await watched.engine.close();
  });

  it('one that fails fails alone', async () => {
    const prompts = [1, 2, 3].map((salt) => textOf(dice(salt), 20));
    const options = { ...greedy, maxTokens: 10 };
    const alone = await open();
    const wanted: GenerateResult[] = [];
    for (const prompt of prompts) wanted.push(await ask(alone, { prompt, options }));
    const watched = await open();
    watched.onStep = (steps) => {
      if (steps.some(({ step }) => step.pos === 24 && step.tokens[0] === wanted[1]!.tokens[4]))
        throw new Error('broken');
    };
    const [first, second, third] = await Promise.allSettled(prompts.map((prompt) => ask(watched, { prompt, options })));
    expect(second).toMatchObject({ status: 'rejected', reason: { message: 'broken' } });
    for (const [came, i] of [
      [first, 0],
      [third, 2],
    ] as const) {
      expect(came!.status).toBe('fulfilled');
      expectSame((came as PromiseFulfilledResult<GenerateResult>).value, wanted[i]!);
    }
    watched.onStep = undefined;
    expectSame(await ask(watched, { prompt: prompts[1]!, options }), wanted[1]!);
    await Promise.all([alone.engine.close(), watched.engine.close()]);
  });

  it('one goes on from what another has read, and makes the same answer', async () => {
    const options = { ...greedy, maxTokens: 6 };
    for (const [name, most, kvType = 'f16'] of [
      ['llama', 900],
      ['llama-window', 200],
      ['llama-wide-heads', 200, 'q8_0'],
      ['llama-window-odd', 333, 'f32'],
      ['gemma3n', 200],
    ] as const) {
      const alone = await watchedEngine(tinyModel(name), { nCtx: 1024, kvType });
      const watched = await watchedEngine(tinyModel(name), { nCtx: 1024, kvType });
      const start = long.slice(0, most);
      const ends = [
        [1, 2, 3],
        [9, 8, 7, 6],
      ];
      const first = await watched.engine.openSession();
      await ask(watched, { prompt: start, options: { ...options, maxTokens: 1 }, session: first });
      for (const end of ends) {
        const prompt = [...start, ...end];
        const session = await watched.engine.openSession();
        const came = await ask(watched, { prompt, options, session });
        expect(came.nReusedTokens, name).toBe(most);
        expectSame(came, await ask(alone, { prompt, options, session: await alone.engine.openSession() }));
      }
      await Promise.all([alone.engine.close(), watched.engine.close()]);
    }
  });

  it('several that begin alike read their start once', async () => {
    const watched = await open();
    const options = { ...greedy, maxTokens: 2 };
    const prompts = [1, 2, 3, 4].map((end) => [...long, end]);
    const came = await Promise.all(prompts.map((prompt) => ask(watched, { prompt, options })));
    const nRead = tokensOf(watched.ran.flat());
    expect(nRead).toBeLessThan(2 * long.length);
    const alone = await open({ maxSessions: 1 });
    for (const [i, prompt] of prompts.entries()) expectSame(came[i]!, await ask(alone, { prompt, options }));
    await Promise.all([alone.engine.close(), watched.engine.close()]);
  });

  it('all get their turn, however many ask, in the order in which they came', async () => {
    const watched = await open({ maxSessions: 2 });
    const done: number[] = [];
    const options = { ...greedy, maxTokens: 3 };
    const asked = Array.from({ length: 9 }, async (_, i) => {
      const { tokens } = await ask(watched, { prompt: [i + 1, 7, 9], options });
      done.push(i);
      return tokens;
    });
    await Promise.all(asked);
    expect(done).toEqual([...done].sort((a, b) => a - b));
    expect(Math.max(...watched.ran.map(({ length }) => length))).toBe(2);
    await watched.engine.close();
  });

  it('one is saved and restored while others go on', async () => {
    const watched = await open();
    const options = { ...greedy, maxTokens: 40 };
    const others = [1, 2].map((i) => ask(watched, { prompt: [i, 3, 4], options }));
    const session = await watched.engine.openSession();
    const prompt = textOf(dice(4), 30);
    const whole = await ask(watched, { prompt, options, session });
    const stop = new AbortController();
    let n = 0;
    const onEvent = () => ++n === 12 && stop.abort();
    await ask(watched, { prompt, options, session, signal: stop.signal, onEvent });
    const saved = await watched.engine.sessions.get(session)!.save();
    const other = await watched.engine.openSession();
    await watched.engine.sessions.get(other)!.restore(saved);
    const { tokens } = await ask(watched, {
      prompt: [...prompt, ...whole.tokens.slice(0, 8)],
      options: { ...options, maxTokens: 32 },
      session: other,
    });
    expect(tokens).toEqual(whole.tokens.slice(8));
    await Promise.all(others);
    await watched.engine.close();
  });

  it('one call alone runs as if there were no others, and waits for nothing', async () => {
    const watched = await open();
    const own = { session: OWN_SESSION, tokens: [], adapters: undefined };
    const idle = await watched.engine.openSession();
    await watched.engine.use({ ...own, session: idle }, async (session) => {
      for await (const _ of session.logits([1, 2, 3]));
    });
    await watched.engine.use(own, async (session) => {
      const program = (session as unknown as { program: { run(step: object): unknown } }).program;
      expect(program.run({ tokens: Int32Array.of(1), pos: 0, nLogits: 1 })).toBeUndefined();
    });
    await watched.engine.close();
  });
});
