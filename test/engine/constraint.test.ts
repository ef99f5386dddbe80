import { beforeAll, describe, expect, it } from 'vitest';
import { FormatError, UnsupportedError } from '../../src/base/errors.ts';
import { decodeSaved, encodeSaved } from '../../src/engine/session_bytes.ts';
import { Constraint } from '../../src/engine/constraint.ts';
import { loadModel, type LoadedModel } from '../../src/engine/load_model.ts';
import { decode } from '../../src/tokenizers/stream.ts';
import { openGguf } from '../../src/gguf/open.ts';
import type { Session } from '../../src/engine/session.ts';
import type { GenerateEvent, GenerateOptions, GenerateResult } from '../../src/protocol/generation.ts';
import { limits } from '../../src/grammar/limits.ts';
import { seeded } from '../grammar/dice.ts';
import { memorySource } from '../helpers/gguf_bytes.ts';
import { openBytes, reference } from '../helpers/open.ts';
import { stories260kGguf } from '../helpers/stories260k.ts';
import { tinyModel } from '../helpers/tiny_models.ts';

/** Long keys, which are forced, and short values, which are chosen. */
const schema = {
  type: 'object',
  properties: {
    nameOfTheGirl: { type: 'string', maxLength: 8 },
    whatSheSaw: { type: 'array', items: { enum: ['ball', 'bird', 'big ball'] }, minItems: 2, maxItems: 3 },
    wasSheHappy: { type: 'boolean' },
  },
  required: ['nameOfTheGirl', 'whatSheSaw', 'wasSheHappy'],
  additionalProperties: false,
} as const;

async function finish(work: AsyncGenerator<GenerateEvent, GenerateResult>): Promise<GenerateResult> {
  for (;;) {
    const { value, done } = await work.next();
    if (done) return value;
  }
}

const run = (session: Session, prompt: readonly number[], options: GenerateOptions) =>
  finish(session.generate(prompt, options));

describe('an answer that is held to a schema', () => {
  let model: LoadedModel;
  let prompt: number[];
  let whole: GenerateResult;
  const greedy = { schema, temperature: 0 } as const;
  beforeAll(async () => {
    const bytes = await stories260kGguf();
    const openSibling = () => Promise.reject(new Error('one file only'));
    const draft = await openBytes(bytes, { nCtx: 256 });
    model = await loadModel(await openGguf(memorySource(bytes), { openSibling }), { nCtx: 256 }, reference, { draft });
    prompt = model.encode('Once upon a time, there was a little girl. As JSON: ');
    whole = await run(model.openSession(), prompt, greedy);
  });

  it('is of its form, and ends by itself', () => {
    const said = JSON.parse(whole.text) as Record<string, unknown>;
    expect(Object.keys(said)).toEqual(schema.required);
    expect(schema.properties.whatSheSaw.items.enum).toContain((said['whatSheSaw'] as string[])[1]);
    expect(said['wasSheHappy']).toBeTypeOf('boolean');
    expect(whole.stopReason).toBe('eos');
  });

  it('asks the model for fewer tokens than it has', async () => {
    const { speculation } = await run(model.openSession(), prompt, { ...greedy, speculate: 'lookup', nDraft: 1 });
    expect(speculation!.nSteps).toBeLessThan(0.6 * whole.tokens.length);
  });

  const settings: Readonly<Record<string, GenerateOptions>> = {
    greedy: { temperature: 0 },
    'the preset': {},
    sampled: { temperature: 1.5, topK: 0, topP: 1, minP: 0, seed: 5 },
    mirostat: { mirostatTau: 4, seed: 5 },
    bias: { temperature: 0, logitBias: Array.from({ length: 100 }, (_, i) => [i + 5, 10] as const) },
  };
  it.each(Object.entries(settings))(
    'is one with every sampler, the same with guesses and scores: %s',
    async (_, how) => {
      const options = { ...how, schema };
      const plain = await run(model.openSession(), prompt, options);
      expect(Object.keys(JSON.parse(plain.text) as object)).toEqual(schema.required);
      const again = { ...options, seed: plain.seed };
      const guessed = await run(model.openSession(), prompt, { ...again, speculate: 'lookup', nDraft: 3 });
      const drafted = await run(model.openSession(), prompt, { ...again, speculate: 'draft', nDraft: 2 });
      const scored = await run(model.openSession(), prompt, { ...again, logProbs: 1 });
      for (const { tokens, text } of [guessed, drafted, scored])
        expect({ tokens, text }).toEqual({ tokens: plain.tokens, text: plain.text });
      expect(scored.logProbs!.map(({ token }) => token)).toEqual(plain.tokens);
    },
  );

  it('goes on where it was cut, also in forced text, saved or not', async () => {
    for (const maxTokens of [1, 4, 20]) {
      const session = model.openSession();
      const first = await run(session, prompt, { ...greedy, maxTokens });
      expect(first.stopReason).toBe('length');
      const other = model.openSession();
      await other.restore(await session.save({ state: maxTokens % 2 === 0 }));
      for (const each of [session, other]) {
        const rest = await finish(each.resume());
        expect([...first.tokens, ...rest.tokens]).toEqual(whole.tokens);
        expect([first.text + rest.text, rest.stopReason]).toEqual([whole.text, 'eos']);
      }
    }
  });

  it('goes on token by token, and as a whole', async () => {
    const session = model.openSession();
    const first = await run(session, prompt, { ...greedy, maxTokens: 1 });
    let text = first.text;
    for (let i = 0; i < 4; i++) text += (await finish(session.resume({ maxTokens: 1 }))).text;
    expect(whole.text.startsWith(text)).toBe(true);
    const all = await finish(session.resume({ whole: true, maxTokens: 1000 }));
    expect(whole.text.endsWith(all.text)).toBe(true); // what was begun last, and all behind it
    expect(all.stopReason).toBe('eos');
  });

  it('is saved while it is made', async () => {
    const session = model.openSession();
    const work = session.generate(prompt, greedy);
    let saved: Uint8Array | undefined;
    for (let i = 0; i < 8; i++) await work.next();
    saved = await session.save({ state: false });
    await work.return(undefined as never);
    const other = model.openSession();
    await other.restore(saved);
    expect((await finish(other.resume({ whole: true }))).text).toBe(whole.text);
  });

  it('is cut by a stop text inside of what is forced, and goes on behind it', async () => {
    const session = model.openSession();
    const { text, stopReason } = await run(session, prompt, { ...greedy, stop: ['eSaw'] });
    expect(stopReason).toBe('stop');
    expect(text.endsWith('whatSh')).toBe(true);
    const rest = await finish(session.resume());
    expect(rest.stopReason).toBe('eos');
    expect(whole.text.endsWith(rest.text)).toBe(true);
  });

  it('stops when it is told to', async () => {
    const stop = new AbortController();
    const work = model.openSession().generate(prompt, greedy, stop.signal);
    for (let i = 0; i < 6; i++) await work.next();
    stop.abort();
    const { stopReason, text } = await finish(work);
    expect(stopReason).toBe('abort');
    expect(whole.text.startsWith(text)).toBe(true);
  });

  it('goes on in a context that shifts, and ends in one that does not', async () => {
    const small = await openBytes(await stories260kGguf(), { nCtx: 48 });
    const shifted = await run(small.openSession(), prompt, { ...greedy, onFull: 'shift' });
    expect(Object.keys(JSON.parse(shifted.text) as object)).toEqual(schema.required);
    const full = await run(small.openSession(), prompt, greedy);
    expect(full.stopReason).toBe('full');
    expect(whole.text.startsWith(full.text)).toBe(true);
  });

  it('is told from what a damaged save says', async () => {
    const session = model.openSession();
    await run(session, prompt, { ...greedy, maxTokens: 5 });
    const saved = decodeSaved(await session.save());
    const { heldTo } = saved.unfinished!;
    const damaged = (changed: object) => {
      const unfinished = { ...saved.unfinished!, heldTo: { ...heldTo!, ...changed } };
      return encodeSaved({ ...saved, unfinished });
    };
    for (const changed of [{ tokens: [-1] }, { given: 'x' }, { known: 5 }])
      await expect(session.restore(damaged(changed))).rejects.toThrow(FormatError);
    const wrong = [{ tokens: [400] }, { given: {} }, { given: { schema, grammar: 'x' } }, { given: { grammar: ')' } }];
    for (const changed of wrong) {
      await session.restore(damaged(changed));
      await expect(finish(session.resume())).rejects.toThrow(/answer that should go on is not held to its/);
      await session.restore(damaged(changed));
      await expect(finish(session.resume())).rejects.toThrow(FormatError);
    }
  });
});

describe('a constraint', () => {
  let model: LoadedModel;
  beforeAll(async () => {
    model = await openBytes(tinyModel('llama'), { nCtx: 64, kvType: 'f32' });
  });
  const answer = (options: GenerateOptions) => run(model.openSession(), [1, 2, 3], { temperature: 0, ...options });

  it('is one, and none goes on past its end', async () => {
    await expect(answer({ schema: true, regexp: 'a' })).rejects.toThrow(/held to schema and regexp; give one of/);
    const calls = { format: 'hermes' } as never;
    await expect(answer({ regexp: 'a', calls })).rejects.toThrow(/may call tools, and is held to regexp; leave one/);
    await expect(answer({ regexp: 'a', ignoreEos: true })).rejects.toThrow(/ignoreEos goes on past the end/);
    const session = model.openSession();
    await run(session, [1, 2, 3], { temperature: 0, regexp: 'a{1,9}', maxTokens: 1 });
    await expect(finish(session.resume({ ignoreEos: true }))).rejects.toThrow(/ignoreEos goes on past the end/);
    await expect(answer({ grammar: 5 as never })).rejects.toThrow(/^grammar is number, expected a text/);
  });

  it('that leaves what a bias bans is a mistake', async () => {
    const logitBias = Array.from({ length: model.tokenizer.nVocab }, (_, token) => [token, -Infinity] as const);
    await expect(answer({ schema: { type: 'boolean' }, logitBias })).rejects.toThrow(RangeError);
  });

  it('takes guesses of what is known already', async () => {
    const constraint = await Constraint.begin(model, { schema: { const: ['a lot', 'more'] } }, [1]);
    const { known } = constraint.saved;
    expect(known.length).toBeGreaterThan(4);
    expect(constraint.nPossible(known)).toBe(known.length);
    expect(constraint.nPossible([...known.slice(0, 2), known[0]!])).toBe(2);
  });

  it('that only the empty text fits has nothing to make', async () => {
    expect(await answer({ regexp: '' })).toMatchObject({ text: '', tokens: [], stopReason: 'eos' });
  });

  it('of calls knows all of an answer that goes on more than once', async () => {
    const tools = [{ type: 'function', function: { name: 'weather', parameters: { type: 'object' } } }];
    const calls = {
      format: 'hermes',
      tokens: [],
      tools,
      choice: 'required',
      isSingle: true,
      free: [],
      schema: undefined,
    } as const;
    const session = model.openSession();
    const first = await run(session, [1, 2, 3], { temperature: 0, calls, maxTokens: 4 });
    const second = await finish(session.resume({ maxTokens: 4 }));
    expect(session.unfinishedHeld?.tokens).toEqual([...first.tokens, ...second.tokens]);
  });

  it('has room for the keys of any number of answers', async () => {
    const { tokenizer } = model;
    const all = Array.from({ length: tokenizer.nVocab }, (_, token) => token);
    const tokenOf = (char: string) =>
      all.find((token) => decode(tokenizer, [token]) === char && !tokenizer.isAdded(token))!;
    const states = limits.states as { max: number };
    const { max } = states;
    const dice = seeded(3);
    states.max = 4_000;
    try {
      for (let i = 0; i < 16; i++) {
        const key = Array.from({ length: 300 }, () => 'abcdefgh'[dice.below(8)]).join('');
        const tokens = Array.from(`{"${key}": 1, "${key}x": 2, "`, tokenOf);
        const saved = {
          given: { schema: { type: 'object' } },
          opening: 'none',
          ownSpace: false,
          known: [],
          tokens,
        } as const;
        expect((await Constraint.goOn({ tokenizer }, saved)).saved.tokens).toEqual(tokens);
      }
    } finally {
      states.max = max;
    }
  });

  it('that no text fits fails before anything is made', async () => {
    await expect(answer({ regexp: '[^\\s\\S]' })).rejects.toThrow(UnsupportedError);
  });
});
