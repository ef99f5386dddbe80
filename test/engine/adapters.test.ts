import { describe, expect, it } from 'vitest';
import type { GenerateOptions } from '../../src/protocol/generation.ts';
import { UnsupportedError } from '../../src/base/errors.ts';
import { entry, ggufBytes, id, text } from '../helpers/gguf_bytes.ts';
import { bytesOf } from '../../src/graph/tensor.ts';
import { quantByName } from '../../src/quants/index.ts';
import { openAdapted, openBytes, reference } from '../helpers/open.ts';
import { tinyLora, tinyVector, type TinyLora } from '../helpers/tiny_adapters.ts';
import { ggufFile, tinyModel, tinyPrompt, tinyTensor, types, type TinyTensor } from '../helpers/tiny_models.ts';
import { wasm } from '../models/steps.ts';

type Model = Awaited<ReturnType<typeof openAdapted>>;
type Session = ReturnType<Model['openSession']>;

const poet = { bytes: tinyLora('llama'), name: 'poet' };
const pirate = { bytes: tinyLora('llama', { name: 'pirate', rank: 3 }), name: 'pirate', scale: 0.5 };
const calm = { bytes: tinyVector('llama'), name: 'calm', scale: 2 };

const open = (factory = wasm('simd'), options = {}) =>
  openAdapted(tinyModel('llama'), [poet, pirate, calm], { kvType: 'f32', nCtx: 128, threads: 2, ...options }, factory);

async function run(session: Session, prompt: readonly number[] = tinyPrompt, options: GenerateOptions = {}) {
  const work = session.generate(prompt, {
    temperature: 0,
    ignoreEos: true,
    maxTokens: 12,
    onLoop: 'ignore',
    ...options,
  });
  let last = await work.next();
  while (!last.done) last = await work.next();
  return last.value;
}

async function logitsOf(session: Session): Promise<Float32Array> {
  for await (const rows of session.logits(tinyPrompt, tinyPrompt.length - 1)) return rows.slice();
  throw new Error('no rows');
}

describe('a session', () => {
  it('is refused by name where it changes the matrices of experts', async () => {
    const lora = {
      targets: /blk\.0\.attn_q/,
      change: (all: TinyTensor[]) => all.map((each) => ({ ...each, name: each.name.replace('attn_q', 'ffn_up_exps') })),
    };
    const opening = openAdapted(tinyModel('mixtral'), [{ bytes: tinyLora('mixtral', lora), name: 'x' }]);
    await expect(opening).rejects.toThrow(UnsupportedError);
    await expect(opening).rejects.toThrow(
      'x changes "blk.0.ffn_up_exps.weight", the matrices of 6 experts, which this build does not support',
    );
  });

  it.each([
    ['plain loops', () => reference],
    ['WASM', () => wasm('simd')],
  ] as const)('answers as a fresh one does, whatever adapters were on before, with %s', async (_, factory) => {
    const model = await open(factory());
    const bare = await openBytes(tinyModel('llama'), { kvType: 'f32', nCtx: 128, threads: 2 }, factory());
    const session = model.openSession([]);
    expect(await logitsOf(session)).toEqual(await logitsOf(bare.openSession()));
    const sets = [
      ['poet'],
      [{ name: 'pirate', scale: 0.2 }],
      ['calm', 'poet'],
      [],
      undefined,
      ['poet', 'pirate', { name: 'calm', scale: -1 }],
      [{ name: 'poet', scale: 0 }],
    ];
    const seen = new Set<string>();
    for (const uses of sets) {
      await model.adapt(session, uses);
      const fresh = model.openSession(uses);
      const wanted = await run(fresh);
      const wantedLogits = await logitsOf(fresh);
      fresh.close(); // nothing can be taken over from it
      const came = await run(session);
      expect(came.tokens).toEqual(wanted.tokens);
      expect(came.nReusedTokens).toBe(0);
      const logits = await logitsOf(session);
      expect(logits).toEqual(wantedLogits);
      seen.add(String(logits));
    }
    expect(seen.size).toBe(sets.length - 1); // the last set is the empty one again
    await model.close();
    await bare.close();
  });

  it('keeps what it has read where the adapters stay the same, in whatever order they are named', async () => {
    const model = await open();
    const session = model.openSession(['poet', 'calm']);
    await run(session);
    await model.adapt(session, [{ name: 'calm', scale: 1 }, 'poet', { name: 'pirate', scale: 0 }]);
    expect((await run(session)).nReusedTokens).toBe(tinyPrompt.length - 1);
    await model.close();
  });

  it('goes on with an answer under other adapters, from the same text', async () => {
    const model = await open();
    const session = model.openSession([]);
    const first = await run(session, tinyPrompt, { maxTokens: 5 });
    await model.adapt(session, ['poet']);
    const work = session.resume({ maxTokens: 6 });
    let last = await work.next();
    while (!last.done) last = await work.next();
    const wanted = await run(model.openSession(['poet']), [...tinyPrompt, ...first.tokens], { maxTokens: 6 });
    expect(last.value.tokens).toEqual(wanted.tokens);
    await model.close();
  });

  it('is saved with its adapters, and restored under the same ones only', async () => {
    const model = await open();
    const session = model.openSession(['poet']);
    await run(session);
    const saved = await session.save();
    const other = model.openSession(['poet']);
    await other.restore(saved);
    expect((await run(other, [...session.tokens, 5])).tokens).toEqual(
      (await run(session, [...session.tokens, 5])).tokens,
    );
    for (const uses of [[], ['pirate'], [{ name: 'poet', scale: 0.99 }], ['poet', 'calm']]) {
      await model.adapt(other, uses);
      await expect(other.restore(saved)).rejects.toThrow(/the saved session is of .+ with the same adapters/s);
    }
    await model.close();
    const again = await openAdapted(tinyModel('llama'), [{ ...poet, name: 'renamed' }], { kvType: 'f32', nCtx: 128 });
    await again.openSession().restore(saved);
    await again.close();
    const changed = await openAdapted(
      tinyModel('llama'),
      [{ ...poet, bytes: tinyLora('llama', { name: 'lora', alpha: 9 }) }],
      { kvType: 'f32', nCtx: 128 },
    );
    await expect(changed.openSession().restore(saved)).rejects.toThrow('with the same adapters');
    await changed.close();
  });

  it('is saved under the same name where a backend reads adapters twice', async () => {
    const once = await open(reference);
    const twice = await open(async (plan) => {
      const backend = await reference(plan);
      const upload: typeof backend.upload = async (weights, how) => {
        await backend.upload(weights, how);
        for (const tensor of weights) await how.readAgain!(tensor, 0, new Uint8Array(bytesOf(tensor)));
      };
      return { ...backend, upload };
    });
    const session = twice.openSession(['poet', 'calm']);
    await run(session);
    await once.openSession(['poet', 'calm']).restore(await session.save());
  });

  it('has the same text with guesses as without', async () => {
    const model = await open();
    const session = model.openSession(['poet']);
    const plain = await run(session, tinyPrompt, { maxTokens: 30 });
    await model.adapt(session, []);
    await model.adapt(session, ['poet']);
    expect((await run(session, tinyPrompt, { maxTokens: 30, speculate: 'lookup', nDraft: 3 })).tokens).toEqual(
      plain.tokens,
    );
    await model.close();
  });
});

describe('weights', () => {
  it('of a fused matrix and of a part of it count both', async () => {
    const part = (['a', 'b'] as const).map((end) => ({
      ...tinyTensor(`part ${end}`, end === 'a' ? [64, 4] : [4, 64], 'f32', 0.5),
      name: `blk.0.attn_q.weight.lora_${end}`,
    }));
    const file = (change: (all: TinyTensor[]) => TinyTensor[]) =>
      tinyLora('llama-fused', { targets: /attn_qkv/, change });
    const [fused, both] = [file((all) => all), file((all) => [...all, ...part])];
    const ofPart = file(() => part);
    const logits = async (...all: Uint8Array[]) => {
      const adapters = all.map((bytes, i) => ({ bytes, name: `${i}` }));
      const model = await openAdapted(tinyModel('llama-fused'), adapters, { kvType: 'f32' });
      return logitsOf(model.openSession());
    };
    expect(await logits(both)).toEqual(await logits(fused, ofPart));
    expect(await logits(both)).not.toEqual(await logits(fused));
  });

  it.each(['f16', 'q8_0', 'q4_0'] as const)('of a control vector may be %s', async (encoding) => {
    const of = (tensor: TinyTensor) => ({
      bytes: ggufFile(new Map([['general.architecture', [types.string, 'controlvector']]]), [tensor]),
      name: 'v',
    });
    const made = { ...tinyTensor('v', [64], encoding, 0.5), name: 'direction.1' };
    const floats = new Float32Array(64);
    quantByName.get(encoding)!.dequantize!(made.bytes, floats);
    const plain = { ...tinyTensor('v', [64], 'f32', 0.5), name: 'direction.1', bytes: new Uint8Array(floats.buffer) };
    for (const factory of [reference, wasm('simd')]) {
      const logits = async (tensor: TinyTensor) => {
        const model = await openAdapted(tinyModel('llama'), [of(tensor)], { kvType: 'f32' }, factory);
        const rows = await logitsOf(model.openSession());
        await model.close();
        return rows;
      };
      expect(await logits(made)).toEqual(await logits(plain));
    }
  });
});

describe('memory', () => {
  it.each(['gemma4', 'qwen3'])('is enough for fewer adapters, of which more calls come together: %s', async (name) => {
    const adapters = [/attn_q/, /ffn_(down|up)/].map((targets, i) => ({
      bytes: tinyLora(name, { name: `${i}`, targets }),
      name: `${i}`,
    }));
    for (const some of [adapters, adapters.slice(0, 1)]) {
      const model = await openAdapted(tinyModel(name), some, { nCtx: 128, threads: 2, kvType: 'f32' }, wasm('simd'));
      const plain = await openAdapted(tinyModel(name), some, { nCtx: 128, kvType: 'f32' });
      for (const uses of [[], ['0'], undefined]) {
        const [session, wanted] = [model.openSession(uses), plain.openSession(uses)];
        const came = await logitsOf(session);
        (await logitsOf(wanted)).forEach((x, i) => expect(came[i]).toBeCloseTo(x, 2));
        session.close();
      }
      await model.close();
    }
  });

  it('is enough for any sets in all sessions at once, switched to and fro, and not a session more', async () => {
    const model = await open(wasm('simd'));
    const all = [
      ['poet'],
      ['pirate'],
      ['calm'],
      ['poet', 'pirate'],
      ['poet', 'calm'],
      ['pirate', 'calm'],
      undefined,
      [],
    ];
    const sessions = [0, 1, 2, 3].map((i) => model.openSession(all[i]));
    for (let round = 0; round < 12; round++) {
      for (const [i, session] of sessions.entries())
        await model.adapt(session, all[(round * (i + 1) + i) % all.length]);
      if (round % 3 === 0)
        for (const [i] of sessions.entries()) {
          sessions[i]!.close();
          sessions[i] = model.openSession(all[(round + i) % all.length]);
        }
    }
    expect((await run(sessions[2]!)).tokens).toHaveLength(12);
    expect(() => model.openSession(['poet'])).toThrow('close a session');
    await model.close();
  });
});

describe('what does not fit', () => {
  const q = (name: string, more: TinyLora = {}) => ({ bytes: tinyLora('llama', more), name });
  const { string, u32, array, f32 } = types;
  it.each([
    [
      'another model',
      tinyLora('llama-wide-heads'),
      "x: blk.0.attn_q.weight.lora_a is [4, 64] and .lora_b is [128, 4], this model's blk.0.attn_q.weight is [64, 64]",
    ],
    [
      'more layers',
      tinyLora('smollm3', { metadata: { 'general.architecture': [string, 'llama'] } }),
      'x changes "blk.2.attn_q.weight", which this model does not have; an adapter for another model?',
    ],
    ['another family', tinyLora('qwen2'), 'x was made for a model of the family "qwen2", this one is "llama"'],
    ['a whole model', tinyModel('llama'), 'x is no adapter: its general.type is "model"'],
    [
      'only one of a pair',
      q('', { change: (all: TinyTensor[]) => all.slice(1) }).bytes,
      '"blk.0.attn_q.weight.lora_b" without its .lora_a; incomplete file?',
    ],
    ['no tensors', q('', { targets: /nothing/ }).bytes, 'x holds no tensors'],
    [
      'an activated one',
      q('', { metadata: { 'adapter.alora.invocation_tokens': [array, [u32, [1, 2]]] } }).bytes,
      'activated LoRA',
    ],
    [
      'another kind',
      q('', { metadata: { 'adapter.type': [string, 'ia3'] } }).bytes,
      'adapter.type is "ia3", supported: "lora"',
    ],
    [
      'a norm',
      q('', { change: (all: TinyTensor[]) => [...all.slice(0, 2), { ...all[0]!, name: 'blk.0.attn_norm.weight' }] })
        .bytes,
      "a norm in place of the model's",
    ],
    [
      'another tensor',
      q('', { change: (all: TinyTensor[]) => [{ ...all[0]!, name: 'blk.0.attn_q.weight' }] }).bytes,
      'expected pairs of .lora_a and .lora_b',
    ],
    [
      'ranks that differ',
      q('', {
        change: (all: TinyTensor[]) => [{ ...all[0]!, dims: [64, 2], bytes: all[0]!.bytes.subarray(0, 512) }, all[1]!],
      }).bytes,
      '.lora_a is [2, 64] and .lora_b is [64, 4]',
    ],
    [
      'an alpha that is no number',
      q('', { metadata: { 'adapter.lora.alpha': [f32, NaN] } }).bytes,
      'expected a finite number',
    ],
    [
      'a vector of another size',
      tinyVector('llama', { dim: 32 }),
      'x: direction.1 is [32], this model has 2 layers that hand on [64]',
    ],
    ['a vector for more layers', tinyVector('llama', { layers: [1, 2] }), 'a control vector for another model?'],
  ])('is refused by name: %s', async (_, bytes, message) => {
    await expect(openAdapted(tinyModel('llama'), [{ bytes, name: 'x' }])).rejects.toThrow(message);
  });

  it.each([
    ['plain loops', () => reference],
    ['WASM', () => wasm('simd')],
  ] as const)('is a weight that is no number, with %s', async (_, factory) => {
    const damaged = tinyLora('llama', {
      change: (all) =>
        all.map((tensor) =>
          tensor.name.startsWith('blk.1.ffn_up')
            ? { ...tensor, bytes: new Uint8Array(tensor.bytes.length).fill(0xff) }
            : tensor,
        ),
    });
    await expect(openAdapted(tinyModel('llama'), [{ bytes: damaged, name: 'x' }], {}, factory())).rejects.toThrow(
      'x: blk.1.ffn_up.weight.lora_a',
    );
  });

  it('is a table of positions, which nothing multiplies', async () => {
    const bytes = tinyLora('bert-mean', { targets: /position_embd/ });
    const { tinyEncoder } = await import('../helpers/tiny_encoders.ts');
    await expect(openAdapted(tinyEncoder('bert-mean'), [{ bytes, name: 'x' }])).rejects.toThrow(
      "x changes position_embd.weight, where this model's family takes nothing from adapters",
    );
    await expect(
      openAdapted(tinyEncoder('bert-mean'), [{ bytes: tinyVector('bert-mean'), name: 'x' }]),
    ).rejects.toThrow('x adds to layer 1, where');
  });

  it('is one of several kinds of files that are no models', async () => {
    const saying = (key: string, value: string) =>
      openBytes(ggufBytes({ metadata: [entry(`general.${key}`, id.string, text(value))] }));
    await expect(saying('type', 'imatrix')).rejects.toThrow(
      /is an importance matrix and no model; thimble quantize .* --imatrix FILE reads it/,
    );
    for (const [key, value] of [
      ['type', 'mmproj'],
      ['architecture', 'clip'],
    ] as const)
      await expect(saying(key, value)).rejects.toThrow('(mmproj) and no model; thimble reads text alone');
    await expect(saying('type', 'dataset')).rejects.toThrow('no model: its general.type is "dataset"');
    await expect(saying('architecture', 'llama')).rejects.toThrow('no weights; open the model that it belongs to');
  });

  it('opens as a model neither', async () => {
    await expect(openBytes(tinyLora('llama'))).rejects.toThrow(
      'is a LoRA adapter and no model; open the model that it was made for (llama)',
    );
    await expect(openBytes(tinyVector('llama'))).rejects.toThrow(
      'is a control vector and no model; open the model that it was made for (llama)',
    );
  });

  it('is a set that names what is not there, or twice, or no list', async () => {
    const model = await open(reference);
    for (const [uses, message] of [
      [['poem'], 'there is no adapter "poem"; the model has poet, pirate, calm'],
      [['poet', 'poet'], 'the adapter poet is named twice'],
      ['poet', 'adapters is string, expected a list'],
      [[7], 'adapters holds number, expected'],
      [[{ name: 'poet', scale: NaN }], 'the scale of poet is NaN, expected a number'],
      [[{ name: 'poet', sclae: 1 }], 'unknown part of an adapter of a session sclae'],
    ] as const)
      expect(() => model.openSession(uses as never)).toThrow(message);
    await model.close();
    const bare = await openBytes(tinyModel('llama'));
    expect(() => bare.openSession(['poet'])).toThrow('the model was opened without adapters');
    await bare.close();
    await expect(openAdapted(tinyModel('llama'), [poet, { ...pirate, name: 'poet' }])).rejects.toThrow(
      'two adapters are called poet',
    );
    await expect(openAdapted(tinyModel('llama'), [{ ...poet, layers: [1, 1] }])).rejects.toThrow(
      'layers are given for poet, which is a LoRA adapter',
    );
    await expect(
      openAdapted(tinyModel('gemma2'), [{ bytes: tinyVector('gemma2'), name: 'v', layers: [9, 9] }]),
    ).rejects.toThrow('layers of v are 9 to 9, where it has no directions');
  });
});
