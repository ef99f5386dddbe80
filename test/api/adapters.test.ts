import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openModel, type AdapterUse, type Model } from 'thimble';
import { mergedModel, tinyLora, tinyVector } from '../helpers/tiny_adapters.ts';
import { encoderPrompt, tinyEncoder } from '../helpers/tiny_encoders.ts';
import { tinyModel, tinyPrompt, types } from '../helpers/tiny_models.ts';

const blob = (bytes: Uint8Array) => new Blob([bytes as Uint8Array<ArrayBuffer>]);
const file = (bytes: Uint8Array, name: string) => new File([bytes as Uint8Array<ArrayBuffer>], name);
const greedy = { temperature: 0, maxTokens: 8, ignoreEos: true, onLoop: 'ignore' } as const;
const prefix = {
  'adapter.lora.prompt_prefix': [types.string, 'Ahoy!'],
  'adapter.lora.task_name': [types.string, 'talk'],
} as const;

describe('a model with adapters', () => {
  let model: Model;
  let bare: Model;
  beforeAll(async () => {
    const adapters = [
      file(tinyLora('llama-chat', { metadata: prefix }), 'poet.gguf'),
      { source: blob(tinyLora('llama-chat', { name: 'other', rank: 3 })), name: 'pirate', scale: 0 },
      { source: tinyVector('llama-chat'), name: 'calm', scale: 2 },
    ];
    const options = { kvType: 'f32', threads: 1, nCtx: 128 } as const;
    [model, bare] = await Promise.all([
      openModel(tinyModel('llama-chat'), { ...options, adapters }),
      openModel(tinyModel('llama-chat'), options),
    ]);
  });
  afterAll(() => Promise.all([model.close(), bare.close()]));

  const lastLogits = async (of: Model): Promise<Float32Array> => {
    let last = new Float32Array(0);
    await of.logits(tinyPrompt, (rows) => (last = rows.slice(-10)));
    return last;
  };

  it('says what they are', () => {
    expect(bare.info.adapters).toEqual([]);
    expect(model.info.adapters).toMatchObject([
      { name: 'poet', kind: 'lora', scale: 1, rank: 4, task: 'talk', promptPrefix: 'Ahoy!' },
      { name: 'pirate', kind: 'lora', scale: 0, rank: 3, task: undefined },
      { name: 'calm', kind: 'control vector', scale: 2, rank: 0, bytes: 64 * 4 },
    ]);
  });

  it('has them in generate, logits and score, as they are set, and none leaves the very bits of the model', async () => {
    const seen = new Set<string>();
    const sets: (readonly AdapterUse[] | undefined)[] = [undefined, ['poet'], [{ name: 'pirate', scale: -0.5 }], []];
    for (const adapters of sets) {
      model.adapters = adapters;
      const logits = await lastLogits(model);
      seen.add(String(logits));
      const { text } = await model.generate(tinyPrompt, greedy);
      const session = model.openSession();
      expect(session.adapters).toEqual(adapters);
      expect((await session.generate(tinyPrompt, greedy)).text).toBe(text);
      await session.close();
      const [way] = await model.score(tinyPrompt, { continuations: [[5, 6]] });
      expect([...way!]).toEqual([...(await model.score([...tinyPrompt, 5, 6], { firstRow: tinyPrompt.length - 1 }))]);
    }
    expect(seen.size).toBe(4);
    expect(await lastLogits(model)).toEqual(await lastLogits(bare));
    expect((await model.generate(tinyPrompt, greedy)).text).toBe((await bare.generate(tinyPrompt, greedy)).text);
    model.adapters = undefined;
  });

  it('switches between two answers of a chat, and each chat by itself', async () => {
    const [chat, other] = [model.chat(), model.chat()];
    chat.adapters = [];
    other.adapters = ['poet'];
    const plain = await chat.send('Hello', greedy);
    const poetic = await other.send('Hello', greedy);
    expect(plain.text).not.toBe(poetic.text);
    const running = chat.send('And now?', greedy); // goes on as it was begun
    chat.adapters = ['poet'];
    const before = await running;
    chat.messages.splice(2);
    const after = await chat.send('And now?', greedy);
    expect(after.nReusedTokens).toBeGreaterThan(0); // from the other one, who has read this start as a poet
    expect(after.text).not.toBe(before.text);
    const again = model.chat({ messages: chat.messages.slice(0, 2) });
    again.adapters = [{ name: 'poet', scale: 1 }];
    expect((await again.send('And now?', greedy)).text).toBe(after.text);
    for (const each of [chat, other, again]) await each.close();
  });

  it('says what is wrong with a set when it is used, and goes on with another', async () => {
    const session = model.openSession();
    session.adapters = ['poem'];
    await expect(session.generate(tinyPrompt, greedy)).rejects.toThrow(
      'there is no adapter "poem"; the model has poet, pirate, calm',
    );
    session.adapters = 'poet' as never;
    await expect(session.save()).rejects.toThrow(TypeError);
    session.adapters = ['poet'];
    expect((await session.generate(tinyPrompt, greedy)).tokens).toHaveLength(8);
    await session.close();
    bare.adapters = ['poet'];
    await expect(bare.generate(tinyPrompt, greedy)).rejects.toThrow('opened without adapters; open it with some');
    bare.adapters = undefined;
  });

  it('keeps a saved session apart from other sets', async () => {
    const session = model.openSession();
    session.adapters = ['poet'];
    await session.generate(tinyPrompt, greedy);
    const saved = await session.save();
    session.adapters = [];
    await expect(session.restore(saved)).rejects.toThrow('with the same adapters');
    session.adapters = ['poet'];
    await session.restore(saved);
    await session.close();
  });
});

describe('opening', () => {
  it('refuses what is no adapter, by name', async () => {
    const open = (adapters: unknown) => openModel(tinyModel('llama'), { threads: 1, adapters: adapters as never });
    await expect(open('poet.gguf')).rejects.toThrow('adapters is string, expected a list');
    await expect(open([{ source: tinyLora('llama'), sclae: 1 }])).rejects.toThrow(
      'unknown part of an adapter sclae (is it scale?)',
    );
    await expect(open([{ source: undefined }])).rejects.toThrow('the source of an adapter is undefined');
    await expect(open([tinyLora('llama'), tinyLora('llama')])).rejects.toThrow(
      'two adapters are called bytes; give them different names',
    );
    await expect(open([{ source: tinyLora('llama'), scale: 'much' }])).rejects.toThrow(
      'the scale of bytes is string, expected a number',
    );
    await expect(open([{ source: tinyVector('llama'), layers: [2, 1] }])).rejects.toThrow(
      'layers of bytes: the last is 1',
    );
    await expect(open([file(tinyLora('qwen2'), 'q.gguf')])).rejects.toThrow(
      'q was made for a model of the family "qwen2"',
    );
    await expect(openModel(tinyLora('llama'))).rejects.toThrow('bytes is a LoRA adapter and no model');
  });
});

it('embeds with adapters as the model does that has them in its weights', async () => {
  const texts = [encoderPrompt.slice(0, 9), encoderPrompt];
  const model = await openModel(tinyEncoder('bert-mean'), {
    threads: 1,
    adapters: [{ source: tinyLora('bert-mean'), name: 'a', scale: 0.25 }],
  });
  const merged = await openModel(mergedModel('bert-mean', [{ scale: 0.25 }]), { threads: 1 });
  const bare = await openModel(tinyEncoder('bert-mean'), { threads: 1 });
  const wanted = await merged.embed(texts);
  for (const [i, row] of (await model.embed(texts)).entries())
    row.forEach((x, j) => expect(x).toBeCloseTo(wanted[i]![j]!, 5));
  model.adapters = [];
  expect(await model.embed(texts)).toEqual(await bare.embed(texts));
  for (const each of [model, merged, bare]) await each.close();
});
