import { describe, expect, it } from 'vitest';
import type { AnswerPart, Generation } from 'thimble';
import { modelSaying, templateOf } from '../helpers/saying_models.ts';
import type { Script } from '../helpers/scripted_model.ts';

const greedy = { temperature: 0, onLoop: 'ignore' } as const;
const split = { ...greedy, thinking: 'split' } as const;
const hi = { messages: [{ role: 'user', content: 'hi' }] };

async function partsOf(answer: Generation<AnswerPart>): Promise<AnswerPart[]> {
  const parts: AnswerPart[] = [];
  for await (const part of answer) parts.push(part);
  return parts;
}

const end = ['<|im_end|>', 3] as const;
const qwen: Script = {
  says: [['<think>', 4], '\n', 'Hm', ',', ' so', '\n', ['</think>', 4], '\n\n', 'Paris', '.', end],
  knows: [['<|im_start|>', 3]],
  template: templateOf('Qwen-Qwen3-0.6B'),
};

/** Thinks for so long that it is stopped in the middle, however busy the machine is. */
const rambling: Script = {
  ...qwen,
  says: [['<think>', 4], '\n', 'Hm', ',', ...Array.from({ length: 400 }, (_, i) => ` so${i}`), ['</think>', 4], end],
};

describe('a model that thinks', () => {
  it('says what it says, unless its thoughts are to be told apart', async () => {
    const model = await modelSaying(qwen);
    const plain = model.generate(hi, greedy);
    let text = '';
    for await (const piece of plain) text += piece;
    expect(text).toBe('<think>\nHm, so\n</think>\n\nParis.');
    expect(await plain).toMatchObject({ text, stopReason: 'eos' });
    expect(await plain).not.toHaveProperty('thinking');

    const apart = model.generate(hi, split);
    expect(await partsOf(apart)).toEqual([
      { type: 'thinking', text: 'Hm' },
      { type: 'thinking', text: ',' },
      { type: 'thinking', text: ' so' },
      { type: 'text', text: 'Paris' },
      { type: 'text', text: '.' },
    ]);
    expect(await apart).toMatchObject({ thinking: 'Hm, so', text: 'Paris.', stopReason: 'eos' });
    expect(await model.generate(hi, split)).toMatchObject({ thinking: 'Hm, so', text: 'Paris.' }); // awaited, not streamed
    expect(model.info.thoughts!.tokens).toEqual(['<think>', '</think>']);
  });

  it('is cut off inside a thought, and goes on inside it', async () => {
    const model = await modelSaying(qwen);
    const session = model.openSession();
    const begun = await session.generate(hi, { ...split, maxTokens: 4 });
    expect(begun).toMatchObject({ thinking: 'Hm,', text: '', stopReason: 'length' });
    expect(await session.resume({ thinking: 'split' })).toMatchObject({ thinking: ' so', text: 'Paris.' });
    await session.generate(hi, { ...greedy, maxTokens: 1 }); // the mark alone
    expect(await session.resume({ thinking: 'split' })).toMatchObject({ thinking: 'Hm, so', text: 'Paris.' });
    await session.generate(hi, { ...greedy, maxTokens: 9 });
    expect(await session.resume({ thinking: 'split' })).toMatchObject({ thinking: '', text: '.' });
  });

  it('stops at a stop text in its thoughts, in its answer, or at a mark', async () => {
    const model = await modelSaying(qwen);
    const stopped = (stop: string) => model.generate(hi, { ...split, stop });
    expect(await stopped(', s')).toMatchObject({ thinking: 'Hm', text: '', stopReason: 'stop' });
    expect(await stopped('is')).toMatchObject({ thinking: 'Hm, so', text: 'Par' });
    expect(await stopped('</think>')).toMatchObject({ thinking: 'Hm, so\n', text: '' });
    expect(await stopped('nk>\n\nPa')).toMatchObject({ thinking: 'Hm, so\n</thi', text: '' });
  });

  it('keeps what was heard before it was stopped', async () => {
    const model = await modelSaying(rambling);
    const answer = model.generate(hi, split);
    for await (const part of answer) if (part.type !== 'tool_call' && part.text === ',') break;
    const { thinking, stopReason } = await answer; // more may have come before the engine heard of it
    expect([thinking?.slice(0, 3), stopReason]).toEqual(['Hm,', 'abort']);
  });

  it('may have its thoughts opened by the prompt', async () => {
    const template =
      '{% for m in messages %}{{ m.content }}<|im_end|>{% endfor %}assistant\n{% if open is not defined %}<think>\n{% else %}<think>\n\n</think>\n\n{% endif %}';
    const model = await modelSaying({
      says: ['Hm', '\n', ['</think>', 4], '\n', 'Yes', end],
      knows: [['<think>', 4]],
      template,
    });
    expect(await model.generate(hi, split)).toMatchObject({ thinking: 'Hm', text: 'Yes' });
    const closed = { ...hi, templateVars: { open: false } };
    expect(await model.generate(closed, split)).toMatchObject({ thinking: '', text: 'Hm\n</think>\nYes' });
    expect(await model.generate({ text: 'x<think>\n', special: true }, split)).toMatchObject({ thinking: 'Hm' });
    // what a user says opens nothing
    const asks = { messages: [{ role: 'user', content: 'what is <think>' }], templateVars: { open: false } };
    expect(await model.generate(asks, split)).toMatchObject({ thinking: '' });
  });

  it('marks its thoughts with control tokens: these are seen, and text that looks like them is text', async () => {
    const mistral: Script = {
      says: [['[THINK]', 3], 'a [', '/THINK', ']', ' b', ['[/THINK]', 3], 'c [THINK]', ['</s>', 3]],
      template: '{# [THINK] [/THINK] #}{{ messages[0].content }}[/INST]',
      knows: [['[/INST]', 3]],
    };
    const model = await modelSaying(mistral);
    expect((await model.generate(hi, greedy)).text).toBe('[THINK]a [/THINK] b[/THINK]c [THINK]');
    expect(await model.generate(hi, split)).toMatchObject({ thinking: 'a [/THINK] b', text: 'c [THINK]' });
  });

  it('goes on with an answer that was cut inside a mark of letters', async () => {
    const says = ['<', 'think', '>', 'so', '</', 'thi', 'nk', '>', 'Yes', end];
    const model = await modelSaying({ says, template: '{{ messages[0].content }}</think>' });
    for (const maxTokens of [1, 2, 3, 4, 5, 6, 7, 8]) {
      const session = model.openSession();
      const begun = await session.generate(hi, { ...split, maxTokens });
      const gone = await session.resume({ thinking: 'split' });
      expect(`${begun.thinking}${gone.thinking}`.replace(/<.*/, '')).toBe('so');
      expect(gone.text).toBe('Yes');
      await session.close();
    }
  });

  it('spells its marks with letters where the vocabulary has no tokens for them', async () => {
    const says = ['<', 'think', '>', 'so', '</', 'thi', 'nk', '>', 'Yes', end];
    const model = await modelSaying({ says, template: '{{ messages[0].content }}</think>' });
    expect(model.info.thoughts!.tokens).toEqual([]);
    const answer = model.generate(hi, split);
    expect(await partsOf(answer)).toEqual([
      { type: 'thinking', text: 'so' },
      { type: 'text', text: 'Yes' },
    ]);
  });

  it('that thinks nothing, and one that cannot think, only answer', async () => {
    const none = await modelSaying({ says: ['Yes', ' ', '\n', end], template: '{{ messages[0].content }}' });
    expect(none.info.thoughts).toBeUndefined();
    expect(await none.generate(hi, split)).toMatchObject({ thinking: '', text: 'Yes \n' });
    expect(await partsOf(none.generate('hi', split))).toContainEqual({ type: 'text', text: 'Yes' });
  });
});

describe('a conversation with a model that thinks', () => {
  it('keeps thoughts beside answers, and the template decides what becomes of them', async () => {
    const model = await modelSaying(qwen);
    const chat = model.chat(greedy);
    let streamed = '';
    for await (const piece of chat.send('one')) streamed += piece;
    expect(streamed).toContain('<think>\nHm');
    const answered = { role: 'assistant', content: 'Paris.', reasoningContent: 'Hm, so' };
    expect(chat.messages).toEqual([{ role: 'user', content: 'one' }, answered]);
    expect(await chat.send('two', { thinking: 'split' })).toMatchObject({ thinking: 'Hm, so', text: 'Paris.' });
    expect(chat.messages.at(-1)).toEqual(answered);
    const prompt = await model.detokenize(await model.tokenize({ messages: chat.messages }), { special: true });
    expect(prompt).not.toContain('Hm, so'.repeat(1) + '\n</think>\n\nParis.<|im_end|>\n<|im_start|>user\ntwo');
    expect(prompt).toContain('<|im_start|>assistant\nParis.<|im_end|>\n<|im_start|>user\ntwo');
    await chat.close();
  });

  it('goes on with gpt-oss, whose template refuses channels in what was said', async () => {
    const channel = (name: string) => [['<|channel|>', 3], name, ['<|message|>', 3]] as const;
    const model = await modelSaying({
      says: [...channel('final'), 'Yes', ['<|return|>', 3]],
      knows: ['<|call|>', '<|end|>', '<|start|>'].map((piece) => [piece, 3] as const),
      template: templateOf('openai-gpt-oss-120b'),
    });
    expect((await model.generate(hi, greedy)).text).toBe('<|channel|>final<|message|>Yes');
    const chat = model.chat(greedy);
    expect((await chat.send('one')).text).toBe('<|channel|>final<|message|>Yes');
    expect(await chat.send('two', { thinking: 'split' })).toMatchObject({ thinking: '', text: 'Yes' });
    expect(chat.messages.map(({ content }) => content)).toEqual(['one', 'Yes', 'two', 'Yes']);
    await chat.close();
    const thinker = await modelSaying({
      says: [...channel('analysis'), 'Hm', ['<|end|>', 3], ['<|return|>', 3]],
      knows: ['<|call|>', '<|start|>'].map((piece) => [piece, 3] as const),
      template: templateOf('openai-gpt-oss-120b'),
    });
    expect(await thinker.generate(hi, greedy)).toMatchObject({ text: '<|channel|>analysis<|message|>Hm<|end|>' });
    expect(await thinker.generate(hi, split)).toMatchObject({ thinking: 'Hm', text: '' });
  });

  it('that was stopped in a thought remembers it', async () => {
    const model = await modelSaying(rambling);
    const chat = model.chat(greedy);
    for await (const part of chat.send('one', { thinking: 'split' }))
      if (part.type !== 'tool_call' && part.text === ',') break;
    expect(chat.messages.at(-1)).toMatchObject({ role: 'assistant', reasoningContent: expect.stringMatching(/^Hm,/) });
    await chat.close();
  });
});

it('another word for thinking is refused, also where it does not belong', async () => {
  const model = await modelSaying(qwen);
  const wrong = { thinking: 'apart' as 'split' };
  await expect(model.generate(hi, wrong).result).rejects.toThrow(/thinking is "apart", expected 'inline' or 'split'/);
  const chat = model.chat();
  await expect(chat.send('x', wrong).result).rejects.toThrow(TypeError);
  expect(() => model.chat({ thinking: 'split' } as object)).toThrow(/thinking.*belongs to generate/);
});
