import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Backend } from '../../src/backends/backend.ts';
import { referenceBackend } from '../../src/backends/reference/reference.ts';
import { createWebgpuBackend } from '../../src/backends/webgpu/webgpu.ts';
import { Session } from '../../src/engine/session.ts';
import type { GenerateEvent, GenerateOptions, GenerateResult } from '../../src/protocol/generation.ts';
import type { Tokenizer } from '../../src/tokenizers/tokenizer.ts';
import { findDawn } from '../helpers/dawn.ts';
import { likeDevice, newSeen, type Seen } from '../helpers/like_device.ts';
import { openBytes } from '../helpers/open.ts';
import { tinyModel } from '../helpers/tiny_models.ts';
import { readToy, toyModel, type ToyLayer } from '../helpers/toy_layers.ts';

/** A device that works by itself changes no answer: not its tokens, not its end, not what is saved of it. */

const { gpu } = await findDawn();

const all: readonly ToyLayer[] = [{ kind: 'all' }, { kind: 'window', window: 9 }];
const withRows: readonly ToyLayer[] = [...all, { kind: 'rows', n: 3 }];
const limits = { nCtx: 96, maxTokens: 8, maxLogits: 4 };

let tokenizer: Tokenizer;
beforeAll(async () => {
  tokenizer = (await openBytes(tinyModel('llama'))).tokenizer;
});

/** Opens sessions of a toy model. `adapt`: what is made of their backend. */
async function opener(layers: readonly ToyLayer[], create: (toy: ReturnType<typeof toyModel>) => Promise<Backend>) {
  const toy = toyModel(tokenizer.nVocab, layers, limits);
  const backend = await create(toy);
  await backend.upload(toy.weights, { read: readToy });
  const { graph, states } = toy;
  const open = (adapted = backend): Session =>
    new Session(
      { tokenizer, kvType: 'f16', loadMs: 0, sampling: {} },
      { graph, state: states, weights: 'toy', prepare: () => adapted.prepare(graph) },
    );
  return { open, backend };
}

const textOf = (seed: number, n: number): number[] =>
  Array.from({ length: n }, (_, i) => ((i * i * seed + 7) % 250) + 1);

interface Run {
  readonly result: Omit<GenerateResult, 'timings'>;
  readonly events: readonly GenerateEvent[];
  readonly saved: Uint8Array;
}

async function run(
  session: Session,
  prompt: readonly number[],
  options: GenerateOptions,
  nEvents = Infinity,
): Promise<Run> {
  const events: GenerateEvent[] = [];
  const signal = new AbortController();
  const work = session.generate(prompt, { seed: 5, ...options }, signal.signal);
  for (;;) {
    const { value, done } = await work.next();
    if (done) {
      const { timings: _, ...result } = value;
      return { result, events, saved: await session.save() };
    }
    events.push(value);
    if (events.length === nEvents) signal.abort();
  }
}

const settings: readonly GenerateOptions[] = [
  { temperature: 0 },
  { temperature: 0, ignoreEos: true, maxTokens: 1 },
  { temperature: 0, ignoreEos: true, maxTokens: 7 },
  { temperature: 0, ignoreEos: true }, // until the context is full
  { temperature: 0, ignoreEos: true, onFull: 'shift', maxTokens: 120 },
  { temperature: 0, ignoreEos: true, repeatPenalty: 1.3, maxTokens: 30 },
  { temperature: 0, ignoreEos: true, repeatPenalty: 0.8, maxTokens: 30 },
  { temperature: 0, ignoreEos: true, logProbs: 3, maxTokens: 20 },
  { temperature: 0, ignoreEos: true, speculate: 'lookup', nDraft: 2, maxTokens: 30 },
  { temperature: 1, maxTokens: 40 },
  { temperature: 1, topK: 1, ignoreEos: true, maxTokens: 40 },
  { temperature: 2, topK: 30, dryMultiplier: 1, presencePenalty: 1, ignoreEos: true, maxTokens: 40 },
  { temperature: 1, topK: 0, minP: 0, maxTokens: 40 },
  { temperature: 1, mirostatTau: 4, maxTokens: 40 },
  { temperature: 1, maxTokens: 40, logProbs: 0 },
  { temperature: 1, maxTokens: 40, ignoreEos: true, logitBias: [[9, 8]] },
];

describe('like a device', () => {
  test.each(settings)('with %j an answer is the same', async (options) => {
    for (const layers of [all, withRows]) {
      const { open, backend } = await opener(layers, async () => referenceBackend());
      const [plain, ahead] = [open(), open(likeDevice(backend))];
      for (const prompt of [textOf(3, 30), textOf(3, 34), textOf(5, 9)]) {
        const wanted = await run(plain, prompt, options);
        expect(await run(ahead, prompt, options)).toEqual(wanted);
        const { text } = wanted.result;
        const stop = [text.slice(Math.floor(text.length / 3), Math.ceil(text.length / 2))];
        if (stop[0] !== '')
          expect(await run(ahead, prompt, { ...options, stop })).toEqual(
            await run(plain, prompt, { ...options, stop }),
          );
      }
    }
  });

  test('an answer that is stopped anywhere leaves the same session', async () => {
    const { open, backend } = await opener(all, async () => referenceBackend());
    const [plain, ahead] = [open(), open(likeDevice(backend))];
    for (const options of [{ temperature: 0 }, { temperature: 1 }]) {
      for (const nEvents of [1, 4, 5, 6, 13]) {
        const of = (session: Session) => run(session, textOf(nEvents, 25), { ...options, ignoreEos: true }, nEvents);
        expect(await of(ahead)).toEqual(await of(plain));
      }
    }
  });

  test('a session goes back behind what was read ahead, however far, also in a ring without a row to spare', async () => {
    const { open, backend } = await opener([{ kind: 'window', window: 25 }], async () => referenceBackend());
    for (let nBack = 0; nBack < 14; nBack++) {
      const saved: Uint8Array[] = [];
      for (const session of [open(), open(likeDevice(backend))]) {
        let n = 0;
        for await (const _ of session.generate(textOf(7, 60), { temperature: 0, ignoreEos: true }))
          if (++n === 20) break;
        session.truncate(session.tokens.length - nBack);
        saved.push(await session.save());
      }
      expect(saved[1]).toEqual(saved[0]);
    }
  });

  async function seenOf(layers: readonly ToyLayer[], options: GenerateOptions): Promise<Seen & { nTokens: number }> {
    const { open, backend } = await opener(layers, async () => referenceBackend());
    const seen = newSeen();
    const { result } = await run(open(likeDevice(backend, seen)), textOf(3, 8), { ignoreEos: true, ...options });
    return { ...seen, nTokens: result.tokens.length };
  }

  test('it is given every token before it is asked for, and no step in vain but the last ones', async () => {
    const greedy = await seenOf(all, { temperature: 0, maxTokens: 40 });
    expect(greedy).toEqual({ nTokens: 40, nRuns: 40, nUsed: 39, nAhead: 39, nUnknown: 38 });
    const drawn = await seenOf(all, { temperature: 1, maxTokens: 40 });
    expect(drawn).toEqual({ nTokens: 40, nRuns: 40, nUsed: 39, nAhead: 39, nUnknown: 0 });
  });

  test('it is given nothing where a state cannot be cut back', async () => {
    expect(await seenOf(withRows, { temperature: 0, maxTokens: 20 })).toMatchObject({ nTokens: 20, nAhead: 0 });
  });
});

describe.skipIf(!gpu)('on a GPU', () => {
  let gpuBackend: Backend;
  let open: (adapted?: Backend) => Session;
  beforeAll(async () => {
    ({ open, backend: gpuBackend } = await opener(all, (toy) =>
      createWebgpuBackend({ gpu: gpu!, ...toy, checks: false }),
    ));
  }, 300_000);
  afterAll(() => gpuBackend?.dispose());

  /** The same backend, whose sessions wait for each step and read all logits. */
  const waiting = (): Backend => ({
    ...gpuBackend,
    prepare(graph) {
      const program = gpuBackend.prepare(graph);
      return {
        run: ({ nBest: _, ...step }) => program.run(step),
        read: (value) => program.read(value),
        readState: (...place) => program.readState(...place),
        writeState: (...rows) => program.writeState(...rows),
        copyOf: (states) => program.copyOf(states),
        dispose: () => program.dispose(),
      };
    },
  });

  const some = settings.filter(({ maxTokens, onFull }, i) => !onFull && (maxTokens === 30 || i % 5 === 0));
  test.each(some)('with %j an answer is the same', { timeout: 300_000 }, async (options) => {
    const [plain, ahead] = [open(waiting()), open()];
    for (const prompt of [textOf(3, 30), textOf(3, 34)]) {
      expect(await run(ahead, prompt, options)).toEqual(await run(plain, prompt, options));
    }
  });
});
