import { describe, expect, it } from 'vitest';
import type { Backend } from '../../src/backends/backend.ts';
import { referenceBackend } from '../../src/backends/reference/reference.ts';
import { ResourceError } from '../../src/base/errors.ts';
import { EngineState } from '../../src/engine/engine_state.ts';
import { OWN_SESSION } from '../../src/protocol/messages.ts';
import { openBytes } from '../helpers/open.ts';
import { tinyModel } from '../helpers/tiny_models.ts';

/** A call of `model.generate`. */
const ofModel = { session: OWN_SESSION, tokens: [1], adapters: undefined };

/** A backend as a GPU is: whether there is room for a program it says later. */
function withRoomFor(most: number): Backend {
  const backend = referenceBackend();
  let nPrograms = 0;
  return {
    ...backend,
    prepare(graph, look) {
      const program = backend.prepare(graph, look);
      const dispose = program.dispose.bind(program);
      const room = ++nPrograms > most ? Promise.reject(new ResourceError('the GPU has no room')) : Promise.resolve();
      room.catch(() => undefined);
      return Object.assign(program, { room, dispose: () => (nPrograms--, dispose()) });
    },
  };
}

describe.each(['llama', 'gemma3n'])('sessions of %s on a device that tells later whether it has room', (name) => {
  /** The open model of an engine that has room for so many sessions, and was opened for two. */
  async function engineFor(most: number): Promise<EngineState> {
    const engine = new EngineState(() => undefined);
    const opened = await openBytes(tinyModel(name), { nCtx: 32 }, async () => withRoomFor(most));
    return Object.assign(engine, { opened, maxSessions: 2 });
  }

  it('take the place of the one of model.generate', async () => {
    const engine = await engineFor(2);
    const own = await engine.use(ofModel, async (session) => session);
    const first = await engine.openSession();
    const second = await engine.openSession();
    expect([...engine.sessions.keys()]).toEqual([first, second]);
    await expect(engine.use(ofModel, async () => 1)).rejects.toThrow(
      /^2 chats and sessions are open, and the model was opened for 2; close one/,
    );
    await expect(engine.withSession(undefined, async () => 1)).rejects.toThrow(/close one/);
    engine.closeSession(first);
    await engine.use(ofModel, async (again) => {
      expect(again).not.toBe(own);
      for await (const _ of again.logits([1, 2, 3]));
    });
  });

  it('wait for one that is being closed', async () => {
    const engine = await engineFor(2);
    const first = await engine.openSession();
    const second = await engine.openSession();
    engine.willClose(first); // as soon as its call is over
    const third = engine.openSession();
    third.catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve));
    engine.closeSession(first);
    const opened = await third;
    expect([...engine.sessions.keys()]).toEqual([second, opened]);
  });

  it('say what the device says where fewer are open', async () => {
    const engine = await engineFor(1);
    await engine.openSession();
    await expect(engine.openSession()).rejects.toThrow('the GPU has no room');
    expect(engine.sessions.size).toBe(1);
  });
});

it('an engine whose model cannot be opened keeps nothing of what was', async () => {
  const engine = new EngineState(() => undefined);
  const source = (bytes: Uint8Array) => [{ blob: new Blob([bytes.slice()]), name: 'tiny.gguf' }];
  const bytes = tinyModel('llama-chat');
  const around = { draft: source(bytes) };
  const opening = engine.open(source(bytes.subarray(0, -3000)), { backend: 'reference' }, around);
  await expect(opening).rejects.toThrow();
  expect(engine.files).toEqual([]);
  expect(engine).toMatchObject({ draft: undefined });
});
