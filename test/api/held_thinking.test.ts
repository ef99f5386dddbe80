import { describe, expect, it } from 'vitest';
import { modelSaying, templateOf } from '../helpers/saying_models.ts';
import type { Script } from '../helpers/scripted_model.ts';

const hi = { messages: [{ role: 'user', content: 'hi' }] };
const end = ['<|im_end|>', 3] as const;
const thought = ['\n', 'Hm', ',', ' "no"', '?', '\n'] as const;
const qwen: Script = {
  says: [['<think>', 4], ...thought, ['</think>', 4], '\n\n', '"yes"', end],
  knows: [['<|im_start|>', 3]],
  template: templateOf('Qwen-Qwen3-0.6B'),
};
const held = { schema: { enum: ['yes', 'no'] }, temperature: 0, onLoop: 'ignore' } as const;

describe('an answer that is held to a schema, of a model that thinks', () => {
  it('comes behind its thoughts, which are free', async () => {
    const model = await modelSaying(qwen);
    const result = await model.generate(hi, { ...held, thinking: 'split' });
    expect(result).toMatchObject({ thinking: 'Hm, "no"?', text: '"yes"', stopReason: 'eos' });
    expect(result.value).toBe('yes');
    const inline = await model.generate(hi, held);
    expect(inline.text).toBe('<think>\nHm, "no"?\n</think>\n\n"yes"');
    expect(inline.value).toBe('yes');
  });

  it('comes at once where the prompt has ended the thoughts, or is no conversation', async () => {
    const model = await modelSaying(qwen);
    const silent = { ...hi, templateVars: { enable_thinking: false } };
    for (const prompt of [silent, 'yes or no?']) {
      const { text, value } = await model.generate(prompt, held);
      expect(text).toBe(JSON.stringify(value)); // which one is all the same to a model that was to think first
      expect(['yes', 'no']).toContain(value);
    }
  });

  it('comes behind thoughts that the prompt has opened', async () => {
    const template =
      "{% for m in messages %}{{ '<|im_start|>' + m.content + '<|im_end|>' }}{% endfor %}<|im_start|><think>\n";
    const model = await modelSaying({ ...qwen, says: [...thought, ['</think>', 4], '\n\n', '"yes"', end], knows: [['<|im_start|>', 3], ['<think>', 4]], template }); // prettier-ignore
    const result = await model.generate(hi, { ...held, thinking: 'split' });
    expect(result).toMatchObject({ thinking: 'Hm, "no"?', text: '"yes"' });
    expect(result.value).toBe('yes');
  });

  it('comes behind marks that are spelled out', async () => {
    const template =
      "{% for m in messages %}{{ '<|im_start|>' + m.content + '<|im_end|>' }}{% endfor %}<|im_start|><think>\n";
    const says = [...thought, '</', 'think', '>', '\n\n', '"yes"', end];
    const model = await modelSaying({ says, knows: [['<|im_start|>', 3]], template });
    const result = await model.generate(hi, { ...held, thinking: 'split' });
    expect(result).toMatchObject({ thinking: 'Hm, "no"?', text: '"yes"' });
  });

  it('may have what looks like such a mark in it, new or gone on with', async () => {
    const template =
      "{% for m in messages %}{{ '<|im_start|>' + m.content + '<|im_end|>' }}{% endfor %}<|im_start|>{# <think></think> #}";
    const model = await modelSaying({
      says: ['"is', end],
      knows: [['<|im_start|>', 3]],
      template,
    });
    const value = 'is <think> a mark, and </think>?';
    const how = { schema: { const: value }, temperature: 0, onLoop: 'ignore', thinking: 'split' } as const;
    expect(await model.generate(hi, how)).toMatchObject({ thinking: '', text: JSON.stringify(value) });
    const session = model.openSession();
    const begun = await session.generate(hi, { ...how, maxTokens: 2 });
    const rest = await session.resume({ thinking: 'split', maxTokens: 100 });
    expect([rest.thinking, begun.text + rest.text]).toEqual(['', JSON.stringify(value)]);
  });

  it('is the last of several messages, each on a channel', async () => {
    const [start, channel, message, over, done] = ['start', 'channel', 'message', 'end', 'return'].map(
      (name) => [`<|${name}|>`, 3] as const,
    );
    const says = [channel!, 'analysis', message!, 'Hm', '?', over!, start!, done!];
    const model = await modelSaying({ says, knows: [['<|call|>', 3]], template: templateOf('openai-gpt-oss-120b') });
    const result = await model.generate(hi, { ...held, thinking: 'split' });
    const thinking = Array.from({ length: 8 }, () => 'Hm?').join('\n\n'); // it would go on so
    expect(result).toMatchObject({ thinking, stopReason: 'eos' });
    expect(['yes', 'no']).toContain(result.value);
    expect(await model.detokenize(result.tokens, { special: true })).toMatch(
      /^(<\|channel\|>analysis<\|message\|>Hm\?<\|end\|><\|start\|>assistant){8}<\|channel\|>final( json| ?<\|constrain\|>json)?<\|message\|>"/,
    );
  });

  it('goes on in the middle of its thoughts, and behind them', async () => {
    const model = await modelSaying(qwen);
    for (const maxTokens of [1, 4, 7, 8, 9]) {
      const session = model.openSession();
      const first = await session.generate(hi, { ...held, maxTokens });
      expect(first.stopReason).toBe('length');
      expect(() => first.value).toThrow(/ended too early: maxTokens were made/);
      const whole = await session.resume({ whole: true, maxTokens: 100, thinking: 'split' });
      expect(whole).toMatchObject({ thinking: 'Hm, "no"?', text: '"yes"', stopReason: 'eos' });
      await session.close();
    }
  });
});
