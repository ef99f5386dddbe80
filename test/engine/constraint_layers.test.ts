import { beforeAll, describe, expect, it } from 'vitest';
import { referenceBackend } from '../../src/backends/reference/reference.ts';
import { Session } from '../../src/engine/session.ts';
import type { GenerateOptions, GenerateResult } from '../../src/protocol/generation.ts';
import type { Tokenizer } from '../../src/tokenizers/tokenizer.ts';
import { likeDevice } from '../helpers/like_device.ts';
import { openBytes } from '../helpers/open.ts';
import { tinyModel } from '../helpers/tiny_models.ts';
import { readToy, toyModel, type ToyLayer } from '../helpers/toy_layers.ts';

/** Text that is forced is read in steps of several tokens: by all kinds of layers the same as token by token. */

const layers: Readonly<Record<string, readonly ToyLayer[]>> = {
  'that can be cut back': [{ kind: 'all' }, { kind: 'window', window: 9 }],
  'that cannot': [{ kind: 'all' }, { kind: 'window', window: 9 }, { kind: 'rows', n: 3 }],
};

/** Keys are longer than a step. */
const schema = {
  type: 'object',
  properties: {
    aKeyOfSomeLength: { enum: ['a', 'bb', 'ab'] },
    another: { type: 'array', items: { enum: [1, 2, 11] }, minItems: 1, maxItems: 4 },
  },
  required: ['aKeyOfSomeLength', 'another'],
  additionalProperties: false,
};
const limits = { nCtx: 96, maxTokens: 8, maxLogits: 4 };

let tokenizer: Tokenizer;
beforeAll(async () => {
  tokenizer = (await openBytes(tinyModel('llama'))).tokenizer;
});

async function answer(session: Session, options: GenerateOptions): Promise<GenerateResult> {
  const work = session.generate([7, 8, 9], { schema, seed: 3, ...options });
  for (;;) {
    const { value, done } = await work.next();
    if (done) return value;
  }
}

describe.each(Object.entries(layers))('layers %s', (_, kinds) => {
  it('read forced text as they read tokens one by one, with guesses, and on a device', async () => {
    const toy = toyModel(tokenizer.nVocab, kinds, limits);
    const backend = referenceBackend();
    await backend.upload(toy.weights, { read: readToy });
    const open = (of = backend) =>
      new Session(
        { tokenizer, kvType: 'f16', loadMs: 0, sampling: {} },
        { graph: toy.graph, state: toy.states, weights: 'toy', prepare: () => of.prepare(toy.graph) },
      );
    for (const how of [{ temperature: 0 }, { temperature: 2, topK: 0, topP: 1, minP: 0 }]) {
      const one = await answer(open(), { ...how, logProbs: 0 });
      expect(JSON.parse(one.text)).toHaveProperty('another');
      expect(one.tokens.length).toBeGreaterThan(30);
      const ways = [
        await answer(open(), how),
        await answer(open(), { ...how, speculate: 'lookup', nDraft: 3 }),
        await answer(open(likeDevice(backend)), how),
      ];
      for (const { tokens, stopReason } of ways)
        expect({ tokens, stopReason }).toEqual({ tokens: one.tokens, stopReason: 'eos' });
    }
  });
});
