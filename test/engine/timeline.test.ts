import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/backends/backend.ts';
import { referenceBackend } from '../../src/backends/reference/reference.ts';
import { createWasmBackend } from '../../src/backends/wasm/wasm.ts';
import { createWebgpuBackend } from '../../src/backends/webgpu/webgpu.ts';
import { decodeSaved } from '../../src/engine/session_bytes.ts';
import { Session } from '../../src/engine/session.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import type { GenerateOptions } from '../../src/protocol/generation.ts';
import type { Tokenizer } from '../../src/tokenizers/tokenizer.ts';
import { nodeHost } from '../backends/wasm/support.ts';
import { decodeRows, errorOf } from '../cases/op_case.ts';
import { findDawn } from '../helpers/dawn.ts';
import { likeDevice } from '../helpers/like_device.ts';
import { openBytes } from '../helpers/open.ts';
import { tinyModel } from '../helpers/tiny_models.ts';
import { toyModel, type ToyLayer } from '../helpers/toy_layers.ts';

/*
 * Whatever a session has been through, it must stand where a new one stands that has read the same tokens and nothing else: the bytes
 * that both save are compared, which hold every number that the next token depends on.
 */

const all = { kind: 'all' } as const;
const window = { kind: 'window', window: 9 } as const;
const rows = { kind: 'rows', n: 4 } as const;
const families: Readonly<Record<string, readonly ToyLayer[]>> = {
  all: [all, all],
  windows: [window, { kind: 'window', window: 33 }],
  'all and windows': [window, all, window],
  rows: [rows, { kind: 'rows', n: 2 }],
  'rows and all': [rows, all, rows],
  'every kind': [all, window, rows],
};

const limits = { nCtx: 128, maxTokens: 8, maxLogits: 4 };

const opened: Backend[] = [];
afterAll(() => Promise.all(opened.map((backend) => backend.dispose())));

let tokenizer: Tokenizer;
beforeAll(async () => {
  tokenizer = (await openBytes(tinyModel('llama'))).tokenizer;
});

/** Small numbers that depend on the salt, the tensor's name and the place. */
const reader =
  (salt: string) =>
  async ({ name }: Tensor, offsetBytes: number, into: Uint8Array): Promise<void> => {
    const hash = [...salt, ...name].reduce((h, char) => Math.imul(h ^ char.charCodeAt(0), 0x01000193), 0x811c9dc5);
    const floats = new Float32Array(into.buffer, into.byteOffset, into.length / 4);
    let seed = Math.imul(hash ^ offsetBytes, 0x85ebca6b);
    for (let i = 0; i < floats.length; i++) {
      seed = (Math.imul(seed, 1664525) + 1013904223) | 0;
      floats[i] = (seed / 2 ** 31) * 0.5;
    }
  };

type Create = (toy: ReturnType<typeof toyModel>) => Promise<Backend>;

const { gpu } = await findDawn();

const backends: Readonly<Record<string, Create>> = {
  'plain loops': async () => referenceBackend(),
  'plain loops, as on a device that works by itself': async () => likeDevice(referenceBackend()),
  'wasm, one thread': ({ graph, weights }) =>
    createWasmBackend({ graph, weights, maxSessions: 400, threads: 1, host: nodeHost() }),
  ...(gpu && { webgpu: ({ graph, weights }) => createWebgpuBackend({ graph, weights, gpu, checks: false }) }),
};

/** A GPU's steps of few rows and of many add up in other orders. Halves then differ by a unit in the last place, and what follows by more. */
const isSame = (name: string) => (came: Uint8Array, wanted: Uint8Array) => {
  if (name !== 'webgpu') return Buffer.from(came).equals(wanted);
  return errorOf(decodeRows(came, 'f16'), decodeRows(wanted, 'f16')) < 2e-3;
};

/** The toy convolution has no kernel. */
const hasKernels = (name: string, layers: readonly ToyLayer[]): boolean =>
  name.startsWith('plain loops') || layers.every(({ kind }) => kind !== 'rows');

interface Toy {
  readonly create?: Create;
  readonly salt?: string;
  /** Opens sessions of the draft model; absent: the model guesses for itself. */
  readonly draft?: () => Session;
}

/** Opens sessions of a toy model. */
async function openToy(layers: readonly ToyLayer[], toy: Toy = {}): Promise<() => Session> {
  const { create = async () => referenceBackend(), salt = '', draft } = toy;
  const model = toyModel(tokenizer.nVocab, layers, limits);
  const { graph, states, weights } = model;
  const backend = await create(model);
  opened.push(backend);
  await backend.upload(weights, { read: reader(salt) });
  const open = (): Session =>
    new Session(
      { tokenizer, kvType: 'f16', loadMs: 0, sampling: {}, openDraft: async () => (draft ?? open)() },
      { graph, state: states, weights: 'toy', prepare: () => backend.prepare(graph) },
    );
  return open;
}

async function run(session: Session, prompt: readonly number[], options: GenerateOptions = {}) {
  const work = session.generate(prompt, { temperature: 0, ignoreEos: true, maxTokens: 12, ...options });
  for (;;) {
    const { value, done } = await work.next();
    if (done) return value;
  }
}

/** A text whose words come again, so that lookup has something to guess. */
const textOf = (seed: number, n: number): number[] =>
  Array.from({ length: n }, (_, i) => (((i % 7) * 31 + (i > n / 2 ? seed : 3) * 17) % 250) + 1);

/** Reads a text in a new session, up to the token whose logits are asked for last. */
async function fresh(open: () => Session, tokens: ArrayLike<number>): Promise<Session> {
  const session = open();
  for await (const _ of session.logits(tokens)) continue;
  return session;
}

type Same = ReturnType<typeof isSame>;

async function expectFresh(open: () => Session, session: Session, same: Same = isSame('')): Promise<void> {
  const { tokens } = session;
  const { states } = decodeSaved(await session.save());
  const wanted = decodeSaved(await (await fresh(open, tokens)).save());
  expect(tokens).toEqual(wanted.tokens);
  expect(states.every((state, i) => same(state, wanted.states[i]!))).toBe(true);
}

const members = Object.entries(families).flatMap(([family, layers]) =>
  Object.entries(backends)
    .filter(([name]) => hasKernels(name, layers))
    .map(([name, create]) => [family, name, layers, create] as const),
);

describe.each(members)('a model of %s, in %s', { timeout: 600_000 }, (_family, backend, layers, create) => {
  const same = isSame(backend);
  let open: () => Session;
  beforeAll(async () => {
    open = await openToy(layers, { create });
  });

  it('answers alike however a prompt is cut, and after any start that it shares with the text before', async () => {
    const session = open();
    for (const prompt of [textOf(1, 60), textOf(1, 50), textOf(2, 60), textOf(2, 90), textOf(1, 60), textOf(9, 3)]) {
      const { tokens } = await run(session, prompt);
      expect(tokens).toEqual((await run(open(), prompt)).tokens);
      await expectFresh(open, session, same);
    }
  });

  it('goes back to any place', async () => {
    const session = open();
    for (let nKept = 80; nKept > 0; nKept--) {
      await run(session, textOf(nKept % 5, 75), { maxTokens: 6 });
      session.truncate(nKept);
      await expectFresh(open, session, same);
    }
  });

  it('goes on from saved bytes, and back behind them', async () => {
    const session = open();
    const first = await run(session, textOf(4, 70));
    const other = open();
    await other.restore(await session.save());
    expect(other.tokens).toEqual(session.tokens);
    const longer = [...textOf(4, 70), ...first.tokens, 5, 6];
    const went = await run(other, longer);
    expect(went.nReusedTokens).toBe(longer.length - 3); // the last token of an answer was never read
    expect(went.tokens).toEqual((await run(open(), longer)).tokens);
    await expectFresh(open, other, same);
    for (const n of [81, 75, 60, 20]) {
      other.truncate(n);
      await expectFresh(open, other, same);
    }
  });

  it.each(['lookup', 'draft'] as const)('makes the same text with guesses (%s)', async (speculate) => {
    const prompt = textOf(3, 40);
    const logitBias = [5, 6, 7].map((token) => [token, 1e4] as const); // three words: some pairs come again
    const options = { maxTokens: 60, logitBias };
    const plain = await run(open(), prompt, options);
    for (const nDraft of [1, 3]) {
      const session = open();
      const guessed = await run(session, prompt, { ...options, speculate, nDraft });
      expect(guessed.tokens).toEqual(plain.tokens);
      expect(guessed.speculation!.nDrafted).toBeGreaterThan(0);
      await expectFresh(open, session, same);
    }
  });

  it('throws wrong guesses away', async () => {
    const draft = await openToy(layers, { create, salt: 'other' });
    const session = (await openToy(layers, { create, draft }))();
    const plain = await run(open(), textOf(3, 40), { maxTokens: 50 });
    const guessed = await run(session, textOf(3, 40), { maxTokens: 50, speculate: 'draft', nDraft: 3 });
    expect(guessed.tokens).toEqual(plain.tokens);
    expect(guessed.speculation!.nAccepted).toBeLessThan(guessed.speculation!.nDrafted / 2);
    await expectFresh(open, session, same);
  });

  it('shifts when the context is full', async () => {
    const session = open();
    const { tokens } = await run(session, textOf(6, 100), { maxTokens: 150, onFull: 'shift' });
    expect(tokens).toHaveLength(150);
    await expectFresh(open, session, same);
  });

  it('goes on after it was stopped anywhere', async () => {
    const session = open();
    for (const nEvents of [1, 3, 9, 14, 20]) {
      let n = 0;
      for await (const _ of session.generate(textOf(nEvents, 70), { ignoreEos: true, temperature: 0, maxTokens: 40 })) {
        if (++n === nEvents) break;
      }
      await expectFresh(open, session, same);
    }
  });
});

describe('states that cannot be cut back', () => {
  it('return to the end of a turn and to where texts parted before, and read the rest again', async () => {
    const open = await openToy(families['every kind']!);
    const session = open();
    const system = textOf(3, 50);
    const ask = async (question: readonly number[]) => (await run(session, [...system, ...question])).nReusedTokens;
    expect(await ask([201, 202])).toBe(0);
    expect(await ask([203, 204])).toBeLessThan(50); // nobody knew that texts would part here
    expect(await ask([205, 206])).toBe(50);
    expect(await ask([205, 206])).toBeGreaterThanOrEqual(50);
  });

  it('cost no more than the states themselves, and nothing where all can be cut back', async () => {
    const { graph, states } = toyModel(tokenizer.nVocab, families['all']!, limits);
    const program = referenceBackend().prepare(graph);
    let nCopies = 0;
    const counted = Object.assign(Object.create(program) as typeof program, {
      copyOf: (...args: Parameters<typeof program.copyOf>) => (nCopies++, program.copyOf(...args)),
    });
    const session = new Session(
      { tokenizer, kvType: 'f16', loadMs: 0, sampling: {} },
      { graph, state: states, weights: 'toy', prepare: () => counted },
    );
    await run(session, textOf(1, 40));
    await run(session, textOf(2, 40));
    expect(nCopies).toBe(0);
  });
});
