import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FormatError, ResourceError } from '../../../src/base/errors.ts';
import type { ByteSource } from '../../../src/bytes/source.ts';
import type { Backend } from '../../../src/backends/backend.ts';
import { memoryOf, startDryRun } from '../../../src/backends/dry/dry.ts';
import type { Heap } from '../../../src/backends/wasm/heap.ts';
import { preferCached } from '../../../src/backends/wasm/paged/prefer.ts';
import { createWasmBackend } from '../../../src/backends/wasm/wasm.ts';
import { checkOpenOptions } from '../../../src/engine/backend_plan.ts';
import { loadModel, type LoadedModel } from '../../../src/engine/load_model.ts';
import { openGguf } from '../../../src/gguf/open.ts';
import { gatings } from '../../../src/graph/routing.ts';
import type { GenerateOptions } from '../../../src/protocol/generation.ts';
import type { OpenOptions } from '../../../src/protocol/open.ts';
import { memorySource } from '../../helpers/gguf_bytes.ts';
import { allLogits, openBytes } from '../../helpers/open.ts';
import { tinyModel, tinyPrompt } from '../../helpers/tiny_models.ts';
import { kernels, nodeHost } from './support.ts';

/** A file whose reads can be made to fail, to wait, or to bring something else. */
class OddSource implements ByteSource {
  readonly name = 'odd.gguf';
  readonly size: number;
  private readonly whole: ByteSource;
  /** Is asked before each read. */
  before: (() => void | Promise<void>) | undefined;
  after: ((into: Uint8Array) => void) | undefined;
  nReads = 0;

  constructor(bytes: Uint8Array) {
    this.whole = memorySource(bytes);
    this.size = bytes.length;
  }

  async read(offsetBytes: number, into: Uint8Array): Promise<void> {
    this.nReads++;
    await this.before?.();
    await this.whole.read(offsetBytes, into);
    this.after?.(into);
  }
}

interface Opened {
  readonly model: LoadedModel;
  readonly backend: Backend;
  /** What it takes with all weights in memory. */
  readonly wholeBytes: number;
  readonly source: OddSource;
}

async function open(name: string, memoryBytes: number, options: OpenOptions = {}): Promise<Opened> {
  const source = new OddSource(tinyModel(name));
  const file = await openGguf(source, { openSibling: () => Promise.reject(new Error('one file only')) });
  let backend: Backend | undefined;
  let wholeBytes = 0;
  const model = await loadModel(file, { threads: 1, nCtx: 64, memory: memoryBytes, ...options }, async (plan) => {
    const { threads = 1, activations } = plan.options;
    const needs = { ...plan, maxSessions: 2, threads, activations };
    ({ maximumBytes: wholeBytes } = await memoryOf({ ...needs, kernels, build: 'simd' }));
    const { preferCached } = plan.options;
    return (backend = await createWasmBackend({ ...needs, memoryBytes, preferCached, host: nodeHost() }));
  });
  return { model, backend: backend!, source, wholeBytes };
}

/** All rows, read twice: what comes by is overwritten in between. */
async function logits(name: string, memoryBytes: number, options: OpenOptions = {}) {
  const { model, backend, wholeBytes } = await open(name, memoryBytes, options);
  const rows = [...(await allLogits(model, tinyPrompt)), ...(await allLogits(model, tinyPrompt))];
  await model.close();
  return { rows, paging: backend.paging, wholeBytes };
}

const ALL = 2 ** 32;

/** The least that a model runs in, as the refusal of less says. */
async function leastOf(name: string, options: OpenOptions = {}): Promise<number> {
  const refusal: unknown = await open(name, 1, options).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(ResourceError);
  const [, least] = /^memory is 1 bytes; .* needs at least ([\d,]+);/.exec((refusal as Error).message)!;
  return Number(least!.replaceAll(',', ''));
}

async function generate(model: LoadedModel, options: GenerateOptions = {}, signal?: AbortSignal) {
  const session = model.openSession();
  const events = session.generate(tinyPrompt, { maxTokens: 8, temperature: 0, ignoreEos: true, ...options }, signal);
  try {
    for (;;) {
      const { value, done } = await events.next();
      if (done) return value;
    }
  } finally {
    session.close();
  }
}

describe('with less memory than the weights take', () => {
  test.each([
    ['llama-q4_0', {}],
    ['llama-q4_0', { threads: 3 }],
    ['llama-q4_k_m', { maxLogits: 3 }],
    ['llama-f16', { activations: 'fast' }],
    ['gemma4', {}],
    ['gpt-oss', {}],
    ['gpt-oss', { threads: 2, maxLogits: 3 }],
    ['qwen3moe', {}],
  ] as const)('logits are those of all of it, to the bit: %s %o', async (name, options) => {
    const whole = await logits(name, ALL, options);
    expect(whole.paging).toBeUndefined();
    const least = await leastOf(name, options);
    const read: number[] = [];
    for (const part of [0, 0.4, 0.8]) {
      const budget = Math.floor(least + part * (whole.wholeBytes - least));
      const { rows, paging } = await logits(name, budget, options);
      expect(rows).toEqual(whole.rows);
      expect(paging!.memoryBytes).toBeLessThanOrEqual(budget);
      read.push(paging!.bytesPerToken);
    }
    expect(read[0]).toBeGreaterThan(read[2]!);
  });

  test.each(['llama-q4_0', 'gpt-oss'])('a header says beforehand what it takes, and reads: %s', async (name) => {
    const least = await leastOf(name);
    const dry = await startDryRun({ kernels, build: 'simd' });
    const source = new OddSource(tinyModel(name));
    const file = await openGguf(source, { openSibling: () => Promise.reject(new Error('one file only')) });
    let said: unknown;
    const model = await loadModel(file, { threads: 1, nCtx: 64 }, async (plan) => {
      const needs = { ...plan, maxSessions: 2, threads: 1 };
      said = dry.pagedIn(needs, least);
      expect(dry.pagedIn(needs, least - 1)).toBeUndefined();
      return createWasmBackend({ ...needs, memoryBytes: least, host: nodeHost() });
    });
    expect(model.info.paging).toEqual(said);
    await model.close();
  });

  test('what is less than the least is refused, the least is not', async () => {
    const least = await leastOf('llama-q4_0');
    await expect(open('llama-q4_0', least - 1)).rejects.toThrow(`at least ${least.toLocaleString('en')}`);
    await (await open('llama-q4_0', least)).model.close();
  });
});

describe.each(['llama-q4_0', 'gpt-oss'])('an answer whose weights come by: %s', (name) => {
  let whole: LoadedModel;
  let wanted: readonly number[];
  let least = 0;
  beforeAll(async () => {
    ({ model: whole } = await open(name, ALL));
    wanted = (await generate(whole)).tokens;
    least = await leastOf(name);
  });
  afterAll(() => whole.close());

  test('says what it read, and how long it waited', async () => {
    const { model, source } = await open(name, least);
    source.before = () => new Promise((resolve) => setTimeout(resolve, 1));
    const { tokens, timings } = await generate(model);
    expect(tokens).toEqual(wanted);
    const { bytesPerToken } = model.info.paging!;
    const { paging } = timings;
    expect(paging!.bytesPerToken).toBeGreaterThan(0.3 * bytesPerToken);
    expect(paging!.bytesPerToken).toBeLessThan(1.5 * bytesPerToken);
    expect(paging!.bytesRead).toBeGreaterThan(7 * paging!.bytesPerToken);
    if (name === 'gpt-oss') expect(paging!.hitRate).toBeGreaterThan(0);
    else expect(paging!.hitRate).toBeUndefined();
    expect(timings.paging!.waitMs).toBeGreaterThan(8);
    expect((await generate(whole)).timings.paging).toBeUndefined();
    await model.close();
  });

  test.each([1, 4, 17, 30])(
    'fails with the reason when read %i fails, and the next one is what it should be',
    async (n) => {
      const { model, source } = await open(name, least);
      const last = source.nReads + n;
      source.before = () => {
        if (source.nReads >= last) throw new ResourceError('odd.gguf cannot be read: the stick was pulled out');
      };
      await expect(generate(model)).rejects.toThrow('odd.gguf cannot be read: the stick was pulled out');
      await expect(generate(model)).rejects.toThrow(ResourceError);
      source.before = undefined;
      expect((await generate(model)).tokens).toEqual(wanted);
      await model.close();
    },
  );

  test('goes on in its session after a read that failed', async () => {
    const { model, source } = await open(name, least);
    const session = model.openSession();
    const next = async (text: readonly number[]) => Float32Array.from((await session.readOn(Int32Array.from(text)))!);
    const other = whole.openSession();
    await next(tinyPrompt.slice(0, 8));
    source.before = () => Promise.reject(new ResourceError('gone'));
    await expect(next(tinyPrompt)).rejects.toThrow('gone');
    source.before = undefined;
    expect(await next(tinyPrompt)).toEqual(await other.readOn(Int32Array.from(tinyPrompt)));
    other.close();
    await model.close();
  });

  test.each(['prompt', 'token'])('is stopped in the middle of a read, while a %s is read', async (what) => {
    const { model, source } = await open(name, least);
    const stop = new AbortController();
    const session = model.openSession();
    const options = { maxTokens: 8, temperature: 0, ignoreEos: true };
    const events = session.generate(tinyPrompt, options, stop.signal);
    for (let n = 0; what === 'token' && n < 3; n++) await events.next();
    let letGo: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (letGo = resolve));
    source.before = () => held;
    const waiting = events.next();
    setTimeout(() => stop.abort(), 5);
    let last = await waiting;
    while (!last.done) last = await events.next();
    expect(last.value.stopReason).toBe('abort');
    source.before = undefined;
    letGo();
    session.close();
    expect((await generate(model)).tokens).toEqual(wanted);
    await model.close();
  });

  test('refuses bytes that were sound when the model was opened, and are no longer', async () => {
    const { model, source } = await open(name, least);
    source.after = (into) => into.fill(0xff);
    await expect(generate(model)).rejects.toThrow(FormatError);
    source.after = undefined;
    expect((await generate(model)).tokens).toEqual(wanted);
    await model.close();
  });

  test('does not mind another one beside it', async () => {
    const { model } = await open(name, least);
    const both = await Promise.all([generate(model), generate(model)]);
    expect(both.map(({ tokens }) => tokens)).toEqual([wanted, wanted]);
    await model.close();
  });

  test('can be looked into, and saved for a model that is all in memory', async () => {
    const { model } = await open(name, least);
    const kernels: string[] = [];
    const session = model.openSession(undefined, { onNode: (work) => kernels.push(work.kernels) });
    const text = Int32Array.from(tinyPrompt);
    const rows = Float32Array.from((await session.readOn(text))!);
    expect(kernels.length).toBeGreaterThan(10);
    const other = whole.openSession();
    await other.restore(await session.save());
    expect(Float32Array.from((await other.readOn(text))!)).toEqual(rows);
    other.close();
    await model.close();
  });

  test('ends with its model, whatever is under way', async () => {
    const { model, source } = await open(name, least);
    await generate(model);
    source.before = () => Promise.reject(new ResourceError('closed'));
    await model.close();
  });
});

describe('experts in memory that are preferred', () => {
  /** Two answers in the same memory: the second one begins with what the first one left there. */
  async function answers(name: string, memoryBytes: number, options: OpenOptions = {}) {
    const { model, wholeBytes } = await open(name, memoryBytes, options);
    const made = [await generate(model, { maxTokens: 24 }), await generate(model, { maxTokens: 24 })];
    const { paging } = model.info;
    await model.close();
    const read = made.map(({ timings }) => timings.paging?.bytesPerToken);
    return { tokens: made.map(({ tokens }) => tokens), read, paging, wholeBytes };
  }

  // routers with and without a bias, of several gatings
  test.each(['gpt-oss', 'qwen3moe', 'lfm2moe'])('are taken more often: %s', async (name) => {
    const least = await leastOf(name);
    const { wholeBytes } = await answers(name, least);
    const budget = Math.floor(0.5 * least + 0.5 * wholeBytes);
    const exact = await answers(name, budget);
    expect(exact.paging!.preferCached).toBeUndefined();
    const slight = await answers(name, budget, { preferCached: 1e-9 });
    expect(slight).toMatchObject({ tokens: exact.tokens, read: exact.read });
    const preferring = await answers(name, budget, { preferCached: 0.5 });
    expect(preferring.paging!.preferCached).toBe(0.5);
    expect(preferring.read[1]).toBeLessThan(0.7 * exact.read[1]!);
    expect(await answers(name, budget, { preferCached: 0.5 })).toEqual(preferring);
  });

  test('make no difference where all are in memory', async () => {
    const preferring = await answers('gpt-oss', ALL, { preferCached: 1 });
    expect(preferring.paging).toBeUndefined();
    expect(preferring.tokens).toEqual((await answers('gpt-oss', ALL)).tokens);
  });

  test.each([0, -1, 1.5, NaN])('by a margin of %d are refused', (preferCached) => {
    expect(() => checkOpenOptions({ memory: 'auto', preferCached })).toThrow(
      new RangeError(
        `preferCached is ${preferCached}, expected a number above 0, up to 1; leave it out to prefer none`,
      ),
    );
  });

  test('are for a model in less memory', () => {
    expect(() => checkOpenOptions({ preferCached: 0.1 })).toThrow(/give memory, too/);
  });
});

describe('one token that prefers experts in memory', () => {
  const params = { nUsed: 2, gating: gatings.indexOf('softmax of the chosen'), norm: 0, scale: 1 };
  const place = { layer: 0, nExperts: 4, params, scoresAt: 0, biasAt: undefined, chosenAt: 16 };
  const routedWith = (margin: number, there: readonly number[]): number[] => {
    const floats = Float32Array.of(4, 3, 2, 0, 0, 1, 0.75, 0.25); // scores, what the kernel made
    preferCached({ floats } as Heap, place, { margin, isThere: (expert) => there.includes(expert) });
    return [...floats.subarray(4)];
  };

  test('takes one that is hardly worse, by its own score', () => {
    const [first, second, weight] = routedWith(0.3, [0, 2]);
    expect([first, second]).toEqual([0, 2]);
    expect(weight).toBeCloseTo(1 / (1 + Math.exp(-2)), 6);
  });

  test.each([
    ['it is much worse', 0.2, [0, 2]],
    ['all of the best are there', 1, [0, 1]],
    ['none is there', 1, []],
  ])('stays with what it has where %s', (_, margin, there) => {
    expect(routedWith(margin, there)).toEqual([0, 1, 0.75, 0.25]);
  });
});

test('a model has as much memory as it is given, and no paging where that suffices', async () => {
  const model = await openBytes(tinyModel('llama-q4_0'), { nCtx: 64 });
  expect(model.info.paging).toBeUndefined();
  await model.close();
});
