import { beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/backends/backend.ts';
import { referenceBackend } from '../../src/backends/reference/reference.ts';
import { FormatError, ResourceError, UnsupportedError } from '../../src/base/errors.ts';
import type { GenerateEvent, GenerateOptions, GenerateResult } from '../../src/protocol/generation.ts';
import type { LoadedModel } from '../../src/engine/load_model.ts';
import { decodeSaved, encodeSaved } from '../../src/engine/session_bytes.ts';
import type { Session } from '../../src/engine/session.ts';
import { openBytes } from '../helpers/open.ts';
import { stories260kGguf } from '../helpers/stories260k.ts';
import { tinyModel, types } from '../helpers/tiny_models.ts';

interface Run {
  readonly result: GenerateResult;
  readonly events: readonly GenerateEvent[];
}

async function run(session: Session, prompt: readonly number[], options: GenerateOptions = {}): Promise<Run> {
  return finish(session.generate(prompt, { temperature: 0, ...options }));
}

async function finish(work: AsyncGenerator<GenerateEvent, GenerateResult>): Promise<Run> {
  const events: GenerateEvent[] = [];
  for (;;) {
    const { value, done } = await work.next();
    if (done) return { result: value, events };
    events.push(value);
  }
}

/** The greedy text that llama2.c's own note gives for an empty prompt. */
const story =
  "Once upon a time, there was a little girl named Lily. She loved to play outside in the park. One day, she saw a big, red ball. She wanted to play with it, but it was too high.\nLily's mom said, \"Lily, let's go to the park.\" Lily was sad and didn't know what to do. She said, \"I want to play with your ball, but I can't find it.\"\nLily was sad and didn't know what to do. She said, \"I'm sorry, Lily. I didn't know what to do.\"\nLily didn't want to help her mom, so she said, \"I'm sorry, mom. I didn't know what to do.\" Her mom said, \"Don't worry, Lily. We can help you.";

describe('stories260K', () => {
  let model: LoadedModel;
  let bos: number[];
  beforeAll(async () => {
    model = await openBytes(await stories260kGguf(), { nCtx: 512 });
    bos = model.encode('');
  });

  it('tells its reference story to the character', async () => {
    const { result } = await run(model.openSession(), bos, { maxTokens: 256 });
    expect(result.text.trimStart()).toBe(story);
  });

  it('streams exactly the text that the result holds', async () => {
    const { result, events } = await run(model.openSession(), bos, { maxTokens: 60, temperature: 1, seed: 3 });
    const streamed = events.map((event) => (event.type === 'piece' ? event.text : '')).join('');
    expect(streamed).toBe(result.text);
    expect(result.tokens).toHaveLength(60);
    expect(result.seed).toBe(3);
  });

  it('stops before a stop text that is spread over several tokens', async () => {
    const { result, events } = await run(model.openSession(), bos, { maxTokens: 200, stop: ['Lily. She lov', 'zzz'] });
    expect(result.stopReason).toBe('stop');
    expect(result.text.trimStart()).toBe('Once upon a time, there was a little girl named ');
    expect(events.map((event) => (event.type === 'piece' ? event.text : '')).join('')).toBe(result.text);
  });

  it('makes the same text from the same seed, and another from another', async () => {
    const sample = async (seed: number) =>
      (await run(model.openSession(), bos, { maxTokens: 40, temperature: 1, seed })).result.text;
    expect(await sample(7)).toBe(await sample(7));
    expect(await sample(7)).not.toBe(await sample(8));
  });
});

describe('a session', () => {
  let model: LoadedModel;
  const prompt = Array.from({ length: 40 }, (_, i) => (i * 37) % 250);
  beforeAll(async () => {
    model = await openBytes(tinyModel('llama'), { nCtx: 64, kvType: 'f32' });
  });
  const options = { maxTokens: 8, ignoreEos: true } as const;

  it('computes only what is new when a prompt shares a start with what it has read', async () => {
    const session = model.openSession();
    const first = await run(session, prompt, options);
    const longer = [...prompt, ...first.result.tokens, 5, 6];
    const reused = await run(session, longer, options);
    expect(reused.result.nReusedTokens).toBe(prompt.length + first.result.tokens.length - 1); // the last was never read
    const fresh = await run(model.openSession(), longer, options);
    expect(fresh.result.nReusedTokens).toBe(0);
    expect(reused.result.tokens).toEqual(fresh.result.tokens);
  });

  it('gives the same answer to the same prompt again', async () => {
    const session = model.openSession();
    const { result } = await run(session, prompt, options);
    const again = await run(session, prompt, options);
    expect(again.result.tokens).toEqual(result.tokens);
    expect(again.result.nReusedTokens).toBe(prompt.length - 1);
  });

  it('goes on from saved bytes as if it had never stopped', async () => {
    const session = model.openSession();
    await run(session, prompt, { ...options, maxTokens: 4 });
    const bytes = await session.save();
    const other = model.openSession();
    await other.restore(bytes);
    expect([...other.tokens]).toEqual([...session.tokens]);
    const longer = [...session.tokens, 9];
    const { result } = await run(other, longer, options);
    expect(result.nReusedTokens).toBe(longer.length - 1);
    expect(result.tokens).toEqual((await run(session, longer, options)).result.tokens);
  });

  describe.each([{}, { temperature: 1.5 }, { temperature: 1, mirostatTau: 3, repeatPenalty: 1.2 }])(
    'with %j',
    (given) => {
      const sampling = { ...given, seed: 5, ignoreEos: true, logitBias: [[7, -Infinity]] as [number, number][] };
      const rest = { ignoreEos: true } as const;

      it('goes on with a seeded answer as it would have gone on', async () => {
        const whole = (await run(model.openSession(), prompt, { ...sampling, temperature: 1, ...given, maxTokens: 20 }))
          .result;
        for (const n of [1, 7, 19]) {
          const session = model.openSession();
          const begun = await run(session, prompt, { ...sampling, temperature: 1, ...given, maxTokens: n });
          const other = model.openSession();
          await other.restore(await session.save());
          for (const half of [session, other]) {
            const more = await finish(half.resume({ ...rest, maxTokens: 20 - n }));
            expect([...begun.result.tokens, ...more.result.tokens]).toEqual(whole.tokens);
            expect(more.result.seed).toBe(5);
          }
        }
      });
    },
  );

  it('goes on with an answer that was stopped while it read its prompt', async () => {
    const session = model.openSession();
    const cancel = new AbortController();
    cancel.abort();
    const { stopReason, tokens } = (await finish(session.generate(prompt, { temperature: 1, seed: 5 }, cancel.signal)))
      .result;
    expect([stopReason, tokens]).toEqual(['abort', []]);
    const { result } = await finish(session.resume(options));
    expect(result.tokens).toEqual(
      (await run(model.openSession(), prompt, { ...options, temperature: 1, seed: 5 })).result.tokens,
    );
  });

  it('goes on with no answer where there is none, or settings are asked for', async () => {
    const session = model.openSession();
    await expect(finish(session.resume())).rejects.toThrow(TypeError);
    await run(session, prompt, options);
    await expect(finish(session.resume({ temperature: 2 } as object))).rejects.toThrow(/option of resume temperature/);
    session.truncate(3);
    await expect(finish(session.resume())).rejects.toThrow(/no answer can go on/);
  });

  it('goes on to the end of its context, and no further', async () => {
    const session = model.openSession();
    const whole = (await run(model.openSession(), prompt, { ignoreEos: true })).result;
    expect(whole.stopReason).toBe('full');
    for (const maxTokens of [whole.tokens.length - 3, 3]) {
      const { tokens } = (
        maxTokens === 3
          ? await finish(session.resume({ maxTokens, ignoreEos: true }))
          : await run(session, prompt, { maxTokens, ignoreEos: true })
      ).result;
      expect(tokens).toHaveLength(maxTokens);
    }
    const { tokens, stopReason } = (await finish(session.resume({ ignoreEos: true }))).result;
    expect([tokens.length, stopReason]).toEqual([0, 'full']);
    await expect(finish(session.resume({ onFull: 'shift' } as object))).rejects.toThrow(/option of resume onFull/);
  });

  it('goes on from every place of an answer that makes room, as if it had not stopped', async () => {
    const how = { ...options, maxTokens: 150, onFull: 'shift', onLoop: 'ignore', temperature: 1, seed: 4 } as const;
    const whole = (await run(model.openSession(), prompt, how)).result;
    expect(whole.tokens).toHaveLength(150);
    const session = model.openSession();
    const saved: Uint8Array[] = [];
    for await (const event of session.generate(prompt, how))
      if (event.type === 'piece') saved.push(await session.save({ state: false }));
    const other = model.openSession();
    for (let n = 0; n < 150; n += 3) {
      await other.restore(saved[n]!);
      const { result, events } = await finish(other.resume({ whole: true }));
      expect(result.tokens).toEqual(whole.tokens);
      expect(events.map((event) => (event.type === 'piece' ? event.text : '')).join('')).toBe(whole.text);
    }
  });

  it('refuses a saved answer whose sampler cannot be', async () => {
    const session = model.openSession();
    await run(session, prompt, options);
    const saved = decodeSaved(await session.save());
    const { state, settings, said } = saved.unfinished!;
    for (const unfinished of [
      { settings: { temperature: -1 }, state, unread: [1] },
      { settings, state: { ...state, random: [0, 0, 0, 0] }, unread: [1] },
      { settings, state, unread: [1e6] },
      ...[0, 'x', {}, true, [null], [1, 2]].map((logitBias) => ({
        settings: { logitBias: logitBias as never },
        state,
        unread: [1],
      })),
      { settings: { logitBias: [[1, 2, 3]] as never }, state, unread: [1] },
    ]) {
      const damaged = encodeSaved({ ...saved, unfinished: { ...unfinished, said } });
      await expect(session.restore(damaged)).rejects.toThrow(FormatError);
    }
    for (const odd of [{ tokens: [1e6] }, { after: -1 }, { how: { maxTokens: 0 } }, { nHead: 0.5 }, { scores: 1 }]) {
      const damaged = encodeSaved({
        ...saved,
        unfinished: { settings, state, unread: [1], said: { ...said, ...odd } as never },
      });
      await expect(session.restore(damaged), JSON.stringify(odd)).rejects.toThrow(FormatError);
    }
    const odd = encodeSaved({ ...saved, unfinished: { settings, state, unread: 7 } as never });
    await expect(session.restore(odd)).rejects.toThrow(FormatError);
  });

  it('refuses saved bytes that are damaged, truncated or of another model', async () => {
    const session = model.openSession();
    await run(session, prompt, { ...options, maxTokens: 1 });
    const bytes = await session.save();
    await expect(session.restore(bytes.subarray(0, bytes.length - 1))).rejects.toThrow(/not a whole saved session/);
    await expect(session.restore(new Uint8Array(100))).rejects.toThrow(/not a whole saved session/);
    const half = await openBytes(tinyModel('llama'), { nCtx: 64, kvType: 'f16' });
    await expect(half.openSession().restore(bytes)).rejects.toThrow(/cache of f32, this one of f16; .* kvType 'f32'/);
    const other = await openBytes(tinyModel('llama-untied'), { nCtx: 64, kvType: 'f32' });
    await expect(other.openSession().restore(bytes)).rejects.toThrow(/open the model it was saved from/);
    const small = await openBytes(tinyModel('llama'), { nCtx: 16, kvType: 'f32' });
    await expect(small.openSession().restore(bytes)).rejects.toThrow(/holds 40 positions, this one 16/);
  });

  it('refuses a session of other weights of the same name and shapes', async () => {
    const session = model.openSession();
    await run(session, prompt, { ...options, maxTokens: 1 });
    const bytes = tinyModel('llama').slice();
    bytes.set(bytes.subarray(bytes.length - 4096, bytes.length - 2048), bytes.length - 2048); // the last matrix: other numbers
    const twin = await openBytes(bytes, { nCtx: 64, kvType: 'f32' });
    expect(twin.info.name).toBe(model.info.name);
    await expect(twin.openSession().restore(await session.save())).rejects.toThrow(FormatError);
  });

  it('refuses a session of the same weights with other angles', async () => {
    const session = model.openSession();
    await run(session, prompt, { ...options, maxTokens: 1 });
    const bytes = tinyModel('llama', { metadata: { 'llama.rope.freq_base': [types.f32, 500] } });
    const turned = await openBytes(bytes, { nCtx: 64, kvType: 'f32' });
    await expect(turned.openSession().restore(await session.save())).rejects.toThrow(FormatError);
  });

  it('notices any byte of a saved session that changes', async () => {
    const session = model.openSession();
    await run(session, prompt, { ...options, maxTokens: 1 });
    const bytes = await session.save();
    for (let at = 0; at < bytes.length; at += at < 400 ? 1 : 997) {
      const damaged = bytes.slice();
      damaged[at]! ^= 1 << (at % 8);
      await expect(session.restore(damaged), `byte ${at}`).rejects.toThrow(FormatError);
    }
    await session.restore(bytes);
  });

  it('refuses a cache of blocks that do not fit into heads', async () => {
    const opening = openBytes(tinyModel('llama'), { kvType: 'q8_0' });
    await expect(opening).rejects.toThrow(UnsupportedError);
    await expect(opening).rejects.toThrow(/heads of 16 columns, a q8_0 cache holds blocks of 32; .* 'f16'/);
  });

  it('ends an answer where the context is full, or drops the oldest half when asked to', async () => {
    const session = model.openSession();
    const full = await run(session, prompt, { ...options, maxTokens: 100 });
    expect([full.result.stopReason, full.result.tokens.length]).toEqual(['full', 25]);
    expect(full.result.timings.decodeTps).toBeGreaterThan(0);
    const { result } = await run(session, prompt, { ...options, maxTokens: 100, onFull: 'shift' });
    expect(result.tokens).toHaveLength(100);
    expect(session.tokens.length).toBeLessThanOrEqual(64);
  });

  it('gives what there is of an answer that is stopped', async () => {
    for (const nEvents of [0, 1, 4]) {
      const stop = new AbortController();
      const work = model.openSession().generate(prompt, options, stop.signal);
      for (let n = 0; n < nEvents; n++) await work.next();
      stop.abort();
      let last = await work.next();
      while (!last.done) last = await work.next();
      expect(last.value.stopReason).toBe('abort');
      expect(last.value.tokens).toHaveLength(Math.max(0, nEvents - 1)); // the first event tells of the prompt
    }
  });

  it('says what failed while it was being stopped', async () => {
    const stop = new AbortController();
    const backend = referenceBackend();
    const run = () => {
      stop.abort();
      throw new ResourceError('the GPU was lost');
    };
    const prepare: Backend['prepare'] = (...args) => Object.assign(backend.prepare(...args), { run });
    const lost = await openBytes(tinyModel('llama'), { nCtx: 64 }, async () => ({ ...backend, prepare }));
    await expect(finish(lost.openSession().generate(prompt, options, stop.signal))).rejects.toThrow('the GPU was lost');
  });

  it('refuses a prompt that is empty, too long or not made of tokens', async () => {
    const session = model.openSession();
    await expect(run(session, [])).rejects.toThrow(/prompt is empty/);
    const long = Array.from({ length: 65 }, () => 1);
    await expect(run(session, long)).rejects.toThrow(/65 tokens, the context 64; shorten it, or open/);
    await expect(run(session, [1, 272])).rejects.toThrow(/token 1 of the prompt is 272, expected 0 to 271/);
    await expect(run(session, [1.5])).rejects.toThrow(RangeError);
  });

  it.each([
    [{ maxTokens: 0 }, /maxTokens is 0/],
    [{ maxTokens: NaN }, /maxTokens is NaN/],
    [{ stop: [''] }, /stop is \[""\]/],
    [{ onFull: 'forget' as 'shift' }, /onFull is "forget"/],
    [{ logProbs: -1 }, /logProbs is -1/],
    [{ temperature: NaN }, /temperature is NaN/],
    [{ topP: 1.5 }, /topP is 1.5/],
    [{ topKay: 3 } as GenerateOptions, /unknown sampler option topKay/],
  ])('refuses the options %o', async (bad, message) => {
    await expect(run(model.openSession(), prompt, bad)).rejects.toThrow(message);
  });

  it('reports log-probabilities of each token before any sampler setting', async () => {
    const { result } = await run(model.openSession(), prompt, { ...options, logProbs: 3, topK: 1, temperature: 2 });
    expect(result.logProbs).toHaveLength(8);
    for (const { token, logProb, top } of result.logProbs!) {
      expect(top).toHaveLength(3);
      expect(top[0]).toEqual({ token, logProb }); // topK 1: the most likely token was drawn
      expect(top[1]!.logProb).toBeLessThanOrEqual(top[0]!.logProb);
      expect(Math.exp(logProb)).toBeLessThanOrEqual(1);
    }
  });

  it('yields after every prefill chunk and every token, so that leaving the loop stops the work there', async () => {
    const session = model.openSession();
    let nPieces = 0;
    for await (const event of session.generate(prompt, options)) if (event.type === 'piece' && ++nPieces === 2) break;
    expect(session.tokens).toHaveLength(prompt.length + 1);
  });

  it('has timings for every answer', async () => {
    const { timings } = (await run(model.openSession(), prompt, options)).result;
    for (const value of Object.values(timings)) expect(value).toBeGreaterThan(0);
    expect(timings.ttftMs).toBeGreaterThanOrEqual(timings.prefillMs);
  });
});
