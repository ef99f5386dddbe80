import { decodeSaved } from '../../../src/engine/session_bytes.ts';
import { beforeAll, describe, expect, it } from 'vitest';
import { UnsupportedError } from '../../../src/base/errors.ts';
import type { GenerateEvent, GenerateOptions, GenerateResult } from '../../../src/protocol/generation.ts';
import { loadModel, type LoadedModel } from '../../../src/engine/load_model.ts';
import type { OpenOptions } from '../../../src/protocol/open.ts';
import { openGguf } from '../../../src/gguf/open.ts';
import type { Session } from '../../../src/engine/session.ts';
import { memorySource } from '../../helpers/gguf_bytes.ts';
import { openBytes, reference } from '../../helpers/open.ts';
import { stories260kGguf } from '../../helpers/stories260k.ts';
import { tinyModel } from '../../helpers/tiny_models.ts';

async function run(session: Session, prompt: readonly number[], options: GenerateOptions): Promise<GenerateResult> {
  const work = session.generate(prompt, { ignoreEos: true, ...options });
  for (;;) {
    const { value, done } = await work.next();
    if (done) return value;
  }
}

async function openWithDraft(bytes: Uint8Array, draft: LoadedModel, options: OpenOptions): Promise<LoadedModel> {
  const openSibling = () => Promise.reject(new Error('one file only'));
  return loadModel(await openGguf(memorySource(bytes), { openSibling }), options, reference, { draft });
}

/** Everything of an answer that must not depend on guesses. */
const essence = ({ text, tokens, stopReason, logProbs }: GenerateResult) => ({ text, tokens, stopReason, logProbs });

const nCtx = 128;
const phrase = [40, 41, 42, 43, 44, 45, 46, 47];
const repetitive = [...phrase, 3, ...phrase, 4, ...phrase, 5, 40, 41];

let model: LoadedModel; // its draft model is itself: greedy guesses always come true
let badlyDrafted: LoadedModel; // its draft model is another one of the same vocabulary
beforeAll(async () => {
  const bytes = tinyModel('llama');
  model = await openWithDraft(bytes, await openBytes(bytes, { nCtx }), { nCtx });
  badlyDrafted = await openWithDraft(bytes, await openBytes(tinyModel('llama-untied'), { nCtx }), { nCtx });
});

/** Without, and with every way to guess; all answers must be the same. Returns the guesses' reports. */
async function compare(prompt: readonly number[], options: GenerateOptions) {
  const without = await run(model.openSession(), prompt, options);
  expect(without.speculation).toBeUndefined();
  const lookup = await run(model.openSession(), prompt, { nDraft: 5, ...options, speculate: 'lookup' });
  const draft = await run(model.openSession(), prompt, { nDraft: 3, ...options, speculate: 'draft' });
  const bad = await run(badlyDrafted.openSession(), prompt, { nDraft: 7, ...options, speculate: 'draft' });
  const paced = await run(model.openSession(), prompt, { ...options, nDraft: undefined, speculate: 'draft' });
  for (const result of [lookup, draft, bad, paced]) expect(essence(result)).toEqual(essence(without));
  return { without, lookup: lookup.speculation!, draft: draft.speculation!, bad: bad.speculation! };
}

describe('speculation', () => {
  it('makes the same greedy text, log-probabilities included, in fewer steps', async () => {
    const { lookup, draft, bad } = await compare(repetitive, { temperature: 0, maxTokens: 60, logProbs: 2 });
    expect(lookup.nAccepted).toBeGreaterThan(0);
    expect(lookup.nAccepted).toBeLessThan(lookup.nDrafted); // rejected guesses were overwritten
    expect(bad.nAccepted).toBeLessThan(bad.nDrafted / 2);
    expect(draft.acceptance).toBe(1);
    // The prompt's step makes one token, each further one a token and 3 guesses: 1 + 14 * 4, then 3 that still fit.
    expect(draft).toEqual({ nDrafted: 44, nAccepted: 44, nSteps: 15, acceptance: 1 });
  });

  const settings: Record<string, GenerateOptions> = {
    plain: { temperature: 1, topK: 0, topP: 1, minP: 0 },
    defaults: {},
    penalties: { temperature: 0.7, repeatPenalty: 1.3, frequencyPenalty: 0.5, dryMultiplier: 0.8 },
    'greedy with penalties': { temperature: 0, repeatPenalty: 1.2, presencePenalty: 0.4 },
    mirostat: { mirostatTau: 3, mirostatEta: 0.2 },
    'dynamic temperature, typical, XTC': { dynamicTemperatureRange: 0.4, typicalP: 0.9, xtcProbability: 0.5 },
  };
  it.each(Object.entries(settings))('makes the same text from the same seed: %s', async (_, sampling) => {
    for (const seed of [1, 2]) await compare(repetitive, { ...sampling, seed, maxTokens: 24 });
  });

  it('takes guesses of a sampled text too', async () => {
    const { draft } = await compare(repetitive, { temperature: 0.3, seed: 4, maxTokens: 60 });
    expect(draft.nAccepted).toBeGreaterThan(5);
    expect(draft.acceptance).toBeLessThan(1);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8, 9])('ends after maxTokens, guesses or not: %i', async (maxTokens) => {
    const { without, draft } = await compare(repetitive, { temperature: 0, maxTokens });
    expect(without.tokens).toHaveLength(maxTokens);
    expect(draft.nDrafted).toBe(draft.nAccepted); // nothing was guessed beyond the end
  });

  it('ends at a stop text inside guesses that come true, and leaves the session at that token', async () => {
    const sampling = { temperature: 2, topK: 20, minP: 0, seed: 4, maxTokens: 24 } as const;
    const { text } = await run(model.openSession(), repetitive, sampling);
    const lengths = new Set<number>();
    let nAccepted = 0;
    for (let i = 0; i < text.length - 1; i += 2) {
      const options = { ...sampling, stop: [text.slice(i, i + 2)] };
      const { without, draft } = await compare(repetitive, options);
      expect(without.stopReason).toBe('stop');
      nAccepted += draft.nAccepted;
      lengths.add(without.tokens.length);
      const session = model.openSession();
      await run(session, repetitive, { ...options, speculate: 'draft', nDraft: 7 });
      expect([...session.tokens]).toEqual([...repetitive, ...without.tokens.slice(0, -1)]);
    }
    expect(lengths.size).toBeGreaterThan(3);
    expect(nAccepted).toBeGreaterThan(5);
  });

  it('ends at the model’s own end, whatever was guessed there', async () => {
    const eosToken = model.tokenizer.eosToken!;
    const prompt = [...repetitive, eosToken, ...repetitive];
    const lengths = new Set<number>();
    for (const bias of [10, 11, 12, 13, 14, 15]) {
      const options = { ignoreEos: false, logitBias: [[eosToken, bias]] as const, maxTokens: 40, seed: bias };
      const { without } = await compare(prompt, options);
      if (without.stopReason === 'eos') lengths.add(without.tokens.length);
    }
    expect(lengths.size).toBeGreaterThan(1);
  });

  it('stops at the token where the caller leaves, and goes on from there as if nothing had been guessed', async () => {
    const { tokens } = await run(model.openSession(), repetitive, { temperature: 0, maxTokens: 20 });
    for (const nWanted of [1, 2, 3, 6]) {
      const session = model.openSession();
      let nPieces = 0;
      const options = { temperature: 0, ignoreEos: true, speculate: 'draft', nDraft: 7 } as const;
      for await (const event of session.generate(repetitive, options) as AsyncIterable<GenerateEvent>) {
        if (event.type === 'piece' && ++nPieces === nWanted) break;
      }
      expect([...session.tokens]).toEqual([...repetitive, ...tokens.slice(0, nWanted - 1)]);
      const rest = await run(session, [...repetitive, ...tokens.slice(0, nWanted)], { temperature: 0, maxTokens: 5 });
      expect(rest.tokens).toEqual(tokens.slice(nWanted, nWanted + 5));
      expect(rest.nReusedTokens).toBe(repetitive.length + nWanted - 1);
    }
  });

  it('keeps the very keys and values that a session without guesses has', async () => {
    const plain = model.openSession();
    const guessing = model.openSession();
    await run(plain, repetitive, { temperature: 0, seed: 1, maxTokens: 30 });
    await run(guessing, repetitive, { temperature: 0, seed: 1, maxTokens: 30, speculate: 'lookup', nDraft: 6 });
    const [one, other] = [decodeSaved(await guessing.save()), decodeSaved(await plain.save())];
    expect(one.unfinished!.said.how.speculate).toBe('lookup');
    const { how } = other.unfinished!.said;
    expect({ ...one, unfinished: { ...one.unfinished!, said: { ...one.unfinished!.said, how } } }).toEqual(other);
  });

  it('fills the context to the last position and ends there, or drops the oldest half, as without', async () => {
    const long = Array.from({ length: 100 }, (_, i) => phrase[i % 8]!);
    for (const speculate of [false, 'lookup', 'draft'] as const) {
      const { tokens, stopReason } = await run(model.openSession(), long, { temperature: 0, speculate, nDraft: 7 });
      expect([tokens.length, stopReason]).toEqual([29, 'full']);
    }
    await compare(long, { temperature: 0, maxTokens: 70, onFull: 'shift' });
    await compare(long, { seed: 5, maxTokens: 70, onFull: 'shift' });
  });

  it('guesses with a draft model of a shorter context only as far as that reaches', async () => {
    const bytes = tinyModel('llama');
    const short = await openWithDraft(bytes, await openBytes(bytes, { nCtx: 48 }), { nCtx });
    const options = { temperature: 0, maxTokens: 60, nDraft: 4 } as const;
    const { tokens, speculation } = await run(short.openSession(), repetitive, { ...options, speculate: 'draft' });
    expect(tokens).toEqual((await run(model.openSession(), repetitive, options)).tokens);
    expect(speculation!.nAccepted).toBeGreaterThan(8);
    expect(speculation!.nDrafted).toBeLessThan(48 - repetitive.length + 4);
  });

  it('lets a draft model read a long prompt over several steps', async () => {
    const bytes = tinyModel('llama');
    const long = await openWithDraft(bytes, await openBytes(bytes, { nCtx: 400 }), { nCtx: 400 });
    const prompt = Array.from({ length: 300 }, (_, i) => (i * 37) % 250);
    const options = { temperature: 0, maxTokens: 20, nDraft: 4 } as const;
    const { tokens, speculation } = await run(long.openSession(), prompt, { ...options, speculate: 'draft' });
    expect(tokens).toEqual((await run(long.openSession(), prompt, options)).tokens);
    expect(speculation!.acceptance).toBe(1);
    expect(speculation!.nAccepted).toBe(19 - speculation!.nSteps);
  });

  it('draws the first tokens as often as without', async () => {
    const nSeeds = 300;
    const sampling = { temperature: 0.5, topK: 3, maxTokens: 3 } as const;
    const countsOf = async (options: GenerateOptions, offset: number) => {
      const session = model.openSession();
      const counts = new Map<string, number>();
      for (let seed = 0; seed < nSeeds; seed++) {
        const { tokens } = await run(session, repetitive, { ...sampling, ...options, seed: seed + offset });
        counts.set(tokens.join(), (counts.get(tokens.join()) ?? 0) + 1);
      }
      return counts;
    };
    // Other seeds on either side: what is compared is the distribution, not the text.
    const without = await countsOf({}, 0);
    const guessed = await countsOf({ speculate: 'draft', nDraft: 2 }, 1_000_000);
    // Two-sample chi-square over the texts; rare ones together.
    const texts = [...new Set([...without.keys(), ...guessed.keys()])];
    const pairs = texts.map((text) => [without.get(text) ?? 0, guessed.get(text) ?? 0] as const);
    const common = pairs.filter(([a, b]) => a + b >= 10);
    const rest = pairs.filter(([a, b]) => a + b < 10);
    const cells = [...common, [sum(rest.map(([a]) => a)), sum(rest.map(([, b]) => b))] as const];
    const chiSquare = sum(cells.map(([a, b]) => (a + b === 0 ? 0 : (a - b) ** 2 / (a + b))));
    expect(common.length).toBeGreaterThan(2);
    const freedom = cells.length - 1;
    expect(chiSquare).toBeLessThan(freedom + 4 * Math.sqrt(2 * freedom));
  });

  it.each([
    [{ speculate: 'guess' as 'draft' }, /speculate is "guess", expected one of false, lookup, draft/],
    [{ speculate: 'lookup', nDraft: 0 }, /nDraft is 0/],
    [{ speculate: 'lookup', nDraft: 1.5 }, /nDraft is 1.5/],
    [{ speculate: 'lookup', nDraft: 8 }, /8 guessed tokens per step take 9 rows of logits, the model has 8/],
  ] as const)('refuses %o', async (options, message) => {
    await expect(run(model.openSession(), repetitive, options)).rejects.toThrow(message);
  });

  it('says what a model must be opened with', async () => {
    const narrow = await openBytes(tinyModel('llama'), { nCtx: 64, maxLogits: 1 });
    const lookup = run(narrow.openSession(), phrase, { speculate: 'lookup' });
    await expect(lookup).rejects.toThrow(/open the model with a larger maxLogits/);
    const alone = await openBytes(tinyModel('llama'), { nCtx: 64 });
    const draft = run(alone.openSession(), phrase, { speculate: 'draft' });
    await expect(draft).rejects.toThrow(/there is no draft model; open the model with one/);
  });

  it('refuses a draft model of another vocabulary', async () => {
    const other = await openBytes(tinyModel('llama-spm'), { nCtx: 64 });
    const mixed = openWithDraft(tinyModel('llama'), other, { nCtx: 64 });
    await expect(mixed).rejects.toThrow(UnsupportedError);
    await expect(mixed).rejects.toThrow(
      /draft model has 278 tokens, the model 272; a draft model needs the same vocab/,
    );
  });
});

describe('stories260K', () => {
  it('tells the same stories, greedy and from seeds', async () => {
    const bytes = await stories260kGguf();
    const stories = await openWithDraft(bytes, await openBytes(bytes, { nCtx: 256 }), { nCtx: 256 });
    const prompt = stories.encode('Tom likes red balls and big cars. Lily likes red balls and');
    for (const sampling of [{ temperature: 0 }, { temperature: 1, seed: 11 }, { temperature: 0.7, seed: 12 }]) {
      const options = { ...sampling, maxTokens: 120 };
      const without = await run(stories.openSession(), prompt, options);
      const lookup = await run(stories.openSession(), prompt, { ...options, speculate: 'lookup', nDraft: 5 });
      const draft = await run(stories.openSession(), prompt, { ...options, speculate: 'draft', nDraft: 4 });
      expect(essence(lookup)).toEqual(essence(without));
      expect(essence(draft)).toEqual(essence(without));
      expect(lookup.speculation!.nAccepted).toBeGreaterThan(0);
      expect(lookup.speculation!.nSteps + lookup.speculation!.nAccepted).toBe(119);
    }
  });
});

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
