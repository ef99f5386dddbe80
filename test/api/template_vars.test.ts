import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openModel, type Model } from 'thimble';
import { promptOf } from '../../src/api/arguments.ts';
import { tinyModel } from '../helpers/tiny_models.ts';

describe('template variables', () => {
  let model: Model;
  beforeAll(async () => {
    model = await openModel(new Blob([tinyModel('llama-chat-variables').slice()]), { nCtx: 256, threads: 1 });
  });
  afterAll(() => model.close());

  const messages = [{ role: 'user', content: 'hi' }];
  const read = async (prompt: Parameters<Model['tokenize']>[0]) => model.detokenize(await model.tokenize(prompt));
  const greedy = { temperature: 0, maxTokens: 1, ignoreEos: true } as const;

  it('reach the template from a prompt, with tools and documents beside them', async () => {
    expect(await read({ messages })).toBe('1 null null  ');
    const templateVars = { enable_thinking: false, effort: 'high' };
    expect(await read({ messages, tools: [], documents: [{ text: 'x' }], templateVars })).toBe(
      '1 [] [{"text": "x"}] False high',
    );
  });

  it('of a chat hold for every answer; those of one answer replace them', async () => {
    const chat = model.chat({ ...greedy, documents: [], templateVars: { enable_thinking: false } });
    const nTokens = async (text: string, options = {}) => (await chat.send(text, options)).nPromptTokens;
    expect(await nTokens('a')).toBe('1 null [] False '.length);
    expect(await nTokens('b', { templateVars: { effort: 'x' } })).toBe('3 null []  x'.length);
    expect(await nTokens('c')).toBe('5 null [] False '.length);
    await chat.close();
  });

  it("are checked in the caller's thread", async () => {
    const bad = [{ tools: [] }, { a: () => 1 }, { a: [new Date()] }, { a: 1n }];
    for (const templateVars of bad) {
      await expect(model.generate({ messages, templateVars }).result).rejects.toThrow(TypeError);
      expect(() => model.chat({ templateVars })).toThrow(TypeError);
      const chat = model.chat(greedy);
      await expect(chat.send('x', { templateVars }).result).rejects.toThrow(TypeError);
      expect(chat.messages).toEqual([]);
    }
  });
});

describe('data that is small in memory and large when it is walked', () => {
  const doubled = (n: number): unknown => {
    let tree: unknown = [1];
    for (let i = 0; i < n; i++) tree = [tree, tree];
    return tree;
  };
  const messages = [{ role: 'user', content: 'hi' }];

  it('is counted as what it is, at once', async () => {
    const startMs = performance.now();
    for (const templateVars of [{ tree: doubled(60) }, { list: new Array(4e9) }, { list: [1, , 2] }]) {
      expect(() => promptOf({ messages, templateVars })).toThrow(/holds more than 1000000 values|holes/);
    }
    expect(performance.now() - startMs).toBeLessThan(1000);
    expect(() => promptOf({ messages, templateVars: { tree: doubled(10) } })).not.toThrow();
  });
});

describe('a chat template that is given', () => {
  const open = (chatTemplate?: string) =>
    openModel(new Blob([tinyModel('llama').slice()]), {
      nCtx: 256,
      threads: 1,
      ...(chatTemplate === undefined ? {} : { chatTemplate }),
    });
  const messages = [{ role: 'user', content: 'hi' }];

  it("takes the place of the file's", async () => {
    const model = await open('{% for m in messages %}[{{ m.role }}] {{ m.content }}{% endfor %}');
    expect(model.info.noChat).toBeUndefined();
    expect(await model.detokenize(await model.tokenize({ messages }))).toBe('[user] hi');
    await model.close();
  });

  it('must be one', async () => {
    await expect(open('vicuna')).rejects.toThrow(/chatTemplate is "vicuna", which is neither a Jinja source/);
    await expect(open('{% if %}')).rejects.toThrow(/line 1/);
    await expect(open(7 as never)).rejects.toThrow(/chatTemplate is number, expected a text/);
  });
});
