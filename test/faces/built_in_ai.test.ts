/// <reference types="dom-chromium-ai" />
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openModel, type Model } from 'thimble';
import { builtInAi, installBuiltInAi, type BuiltInAi } from 'thimble/built_in_ai';
import { storiesBlob } from '../api/helpers.ts';
import { scriptedModel } from '../helpers/scripted_model.ts';

const chatTemplate = '{% for message in messages %}<{{ message.role[:1] }}>{{ message.content }} {% endfor %}';
const story = 'Once upon a time there was a little girl. She had a red ball.';

/** What the specifications' types say accepts it: `npx tsc -p .` checks this. */
export function accepted(ai: BuiltInAi): void {
  const classes: {
    LanguageModel: Pick<typeof LanguageModel, 'create' | 'availability'>;
    Summarizer: Pick<typeof Summarizer, 'create' | 'availability'>;
    Writer: Pick<typeof Writer, 'create' | 'availability'>;
    Rewriter: Pick<typeof Rewriter, 'create' | 'availability'>;
    Proofreader: Pick<typeof Proofreader, 'create' | 'availability'>;
    Translator: Pick<typeof Translator, 'create' | 'availability'>;
    LanguageDetector: Pick<typeof LanguageDetector, 'create' | 'availability'>;
  } = ai;
  void classes;
}

async function heard(stream: ReadableStream<string>): Promise<string> {
  const reader = stream.getReader();
  let text = '';
  for (let step = await reader.read(); !step.done; step = await reader.read()) text += step.value;
  return text;
}

describe("browsers' built-in AI over a model", () => {
  let model: Model;
  let ai: BuiltInAi;
  beforeAll(async () => {
    model = await openModel(await storiesBlob(), { chatTemplate, nCtx: 256 });
    ai = builtInAi({ open: () => Promise.resolve(model) });
  });
  afterAll(() => model.close());

  it('opens one model for all, when the first is created, and tells how far it is', async () => {
    let nOpened = 0;
    const other = builtInAi({
      async open({ onProgress }) {
        nOpened++;
        onProgress(0.25);
        onProgress(0.25);
        await Promise.resolve();
        onProgress(0.500001);
        return model;
      },
    });
    expect(await other.Summarizer.availability()).toBe('downloadable');
    const told: number[] = [];
    const monitor = (m: EventTarget) =>
      m.addEventListener('downloadprogress', (event) => void told.push((event as ProgressEvent).loaded));
    const creating = other.Summarizer.create({ monitor });
    await Promise.resolve();
    const [, writer] = await Promise.all([creating, other.Writer.create()]);
    expect(told).toEqual([0, 0.25, 0.5, 1]);
    expect(await other.LanguageModel.availability()).toBe('available');
    expect([nOpened, writer.tone]).toEqual([1, 'neutral']);
  });

  it('stops opening when nobody waits any more, and opens again', async () => {
    const signals: AbortSignal[] = [];
    const slow = builtInAi({
      open: ({ signal }) => {
        signals.push(signal);
        if (signals.length > 1) return Promise.resolve(model);
        return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
      },
    });
    const [one, two] = [new AbortController(), new AbortController()];
    const creating = [slow.Writer.create({ signal: one.signal }), slow.Summarizer.create({ signal: two.signal })];
    await new Promise((resolve) => setTimeout(resolve, 0));
    one.abort(new Error('left'));
    await expect(creating[0]).rejects.toThrow('left');
    expect(signals[0]!.aborted).toBe(false); // one is still waiting
    expect(await slow.Writer.availability()).toBe('downloading');
    two.abort(new Error('left, too'));
    await expect(creating[1]).rejects.toThrow('left, too');
    expect([signals[0]!.aborted, await slow.Writer.availability()]).toEqual([true, 'downloadable']);
    expect((await slow.Writer.create()).tone).toBe('neutral');
  });

  it('fails as the platform does', async () => {
    const failing = builtInAi({
      open: () => Promise.reject(Object.assign(new Error('no memory'), { name: 'ResourceError' })),
    });
    await expect(failing.Writer.create()).rejects.toMatchObject({ name: 'OperationError', message: 'no memory' });
    await expect(ai.Summarizer.create({ type: 'poem' as never })).rejects.toThrow(TypeError);
    await expect(ai.Summarizer.create({ outputLanguage: 'e' })).rejects.toThrow(RangeError);
    await expect(ai.Translator.create({ sourceLanguage: 'en' } as never)).rejects.toThrow('targetLanguage is missing');
    await expect(ai.Proofreader.create({ includeCorrectionExplanations: true })).rejects.toMatchObject({
      name: 'NotSupportedError',
    });
    await expect(ai.LanguageModel.create({ expectedInputs: [{ type: 'image' }] })).rejects.toMatchObject({
      name: 'NotSupportedError',
    });
    expect(await ai.LanguageModel.availability({ expectedInputs: [{ type: 'audio' }] })).toBe('unavailable');
    expect(await ai.Translator.availability({ sourceLanguage: 'en', targetLanguage: 'qqx' })).toBe('unavailable');
    expect(() => Reflect.construct(ai.Writer, [])).toThrow('Illegal constructor');
    const thrown = new Error('mine');
    const monitor = () => {
      throw thrown;
    };
    await expect(ai.Rewriter.create({ monitor })).rejects.toBe(thrown);
  });

  it('summarizes, writes, rewrites, translates and corrects, whole and in pieces', async () => {
    const summarizer = await ai.Summarizer.create({
      type: 'tldr',
      sharedContext: 'a story',
      expectedInputLanguages: ['EN', 'en'],
    });
    expect([summarizer.type, summarizer.format, summarizer.length]).toEqual(['tldr', 'markdown', 'short']);
    expect(summarizer.expectedInputLanguages).toEqual(['en']);
    expect(summarizer.outputLanguage).toBeNull();
    expect(await summarizer.summarize('  ')).toBe('');
    expect(await summarizer.summarize(story)).not.toBe('');
    expect(await heard(summarizer.summarizeStreaming(story))).not.toBe('');
    expect(await summarizer.measureInputUsage(story)).toBeGreaterThan(20);
    expect(await summarizer.measureInputUsage(story, { context: 'longer' })).toBeGreaterThan(
      await summarizer.measureInputUsage(story),
    );
    const writer = await ai.Writer.create({ length: 'short' });
    expect(await heard(writer.writeStreaming('a story'))).not.toBe('');
    await expect(writer.write(story.repeat(40))).rejects.toMatchObject({
      name: 'QuotaExceededError',
      quota: writer.inputQuota,
    });
    expect(writer.inputQuota).toBe(model.info.nCtx / 2); // an answer has room, too
    const rewriter = await ai.Rewriter.create({ tone: 'more-formal' });
    expect(await rewriter.rewrite(story)).not.toBe('');
    const translator = await ai.Translator.create({ sourceLanguage: 'EN', targetLanguage: 'fr' });
    expect([translator.sourceLanguage, translator.targetLanguage]).toEqual(['en', 'fr']);
    expect(await translator.translate(' \n')).toBe(' \n');
    expect(await translator.translate(story)).not.toBe(story);
    const proofreader = await ai.Proofreader.create({ includeCorrectionTypes: true });
    const { correctedInput, corrections } = await proofreader.proofread(story);
    expect(typeof correctedInput).toBe('string');
    for (const { startIndex, endIndex, types } of corrections) {
      expect(startIndex).toBeLessThanOrEqual(endIndex);
      expect(types).toHaveLength(1);
    }
  });

  it('detects languages without a model', async () => {
    const { LanguageDetector } = builtInAi({ open: () => Promise.reject(new Error('not asked')) });
    const detector = await LanguageDetector.create();
    const found = await detector.detect('Ceci est une phrase en français.');
    expect(found[0]).toMatchObject({ detectedLanguage: 'fr' });
    expect(found.at(-1)).toMatchObject({ detectedLanguage: 'und' });
    expect(found.reduce((sum, { confidence }) => sum + confidence, 0)).toBeCloseTo(1, 6);
    expect(await LanguageDetector.availability({ expectedInputLanguages: ['hi-Latn'] })).toBe('unavailable');
  });

  it('is destroyed by itself, and by the signal of create', async () => {
    const controller = new AbortController();
    const one = await ai.Writer.create({ signal: controller.signal });
    const two = await ai.Writer.create();
    const [first, second] = [one.write('a story'), two.write('a story')];
    const stream = two.writeStreaming('a story');
    controller.abort(new Error('enough'));
    two.destroy();
    await expect(first).rejects.toThrow('enough');
    await expect(one.write('x')).rejects.toThrow('enough');
    for (const late of [second, two.write('x'), two.measureInputUsage('x'), heard(stream)])
      await expect(late).rejects.toMatchObject({ name: 'AbortError' });
    expect(() => two.writeStreaming('x', { signal: AbortSignal.abort() })).toThrow(/abort/i);
  });

  it('is where pages look for it, until it is taken away', () => {
    const remove = installBuiltInAi({ open: () => Promise.resolve(model) });
    expect(typeof Reflect.get(globalThis, 'Summarizer')).toBe('function');
    remove();
    expect('Summarizer' in globalThis).toBe(false);
  });

  it("asks the browser's own first, where that is wished", async () => {
    const own = {
      availability: (options: { type?: string } = {}) =>
        Promise.resolve(options.type === 'headline' ? 'unavailable' : 'available'),
      create: () => Promise.resolve('its own'),
    };
    Reflect.set(globalThis, 'Summarizer', own);
    try {
      const { Summarizer } = builtInAi({ open: () => Promise.resolve(model), prefer: 'browser' });
      expect(await Summarizer.create()).toBe('its own');
      expect((await Summarizer.create({ type: 'headline' })).type).toBe('headline');
      expect(await Summarizer.availability()).toBe('available');
    } finally {
      Reflect.deleteProperty(globalThis, 'Summarizer');
    }
  });
});

describe('LanguageModel', () => {
  let model: Model;
  let ai: BuiltInAi;
  beforeAll(async () => {
    model = await openModel(await storiesBlob(), { chatTemplate, nCtx: 128 });
    ai = builtInAi({ open: () => Promise.resolve(model) });
  });
  afterAll(() => model.close());
  const greedy = { temperature: 0 } as const;

  it('remembers what was said, and counts it', async () => {
    const session = await ai.LanguageModel.create({
      ...greedy,
      initialPrompts: [{ role: 'system', content: 'Hello.' }],
    });
    const before = session.contextUsage;
    expect(before).toBe(await session.measureContextUsage([{ role: 'system', content: 'Hello.' }]));
    expect(await session.append('Once')).toBeUndefined();
    expect(session.contextUsage).toBe(before + (await session.measureContextUsage('Once')));
    expect([session.contextWindow, session.inputQuota]).toEqual([session.contextWindow, session.contextWindow]);
    expect([session.temperature, session.topK]).toEqual([0, model.info.nVocab]);
  });

  it('answers with text, in pieces, or going on from a beginning', async () => {
    const session = await ai.LanguageModel.create(greedy);
    const text = await session.prompt('Once upon a time');
    expect(text).not.toBe('');
    const again = await ai.LanguageModel.create(greedy);
    expect(
      await heard(again.promptStreaming([{ role: 'user', content: [{ type: 'text', value: 'Once upon a time' }] }])),
    ).toBe(text);
    const begun = await (
      await ai.LanguageModel.create(greedy)
    ).prompt([
      { role: 'user', content: 'A story' },
      { role: 'assistant', content: 'Once upon a time', prefix: true },
    ]);
    expect(begun.startsWith('Once')).toBe(false);
  });

  it('counts what it answered, too', async () => {
    const session = await ai.LanguageModel.create(greedy);
    expect(session.contextUsage).toBe(0);
    const asked = await session.measureContextUsage('Once');
    const answer = await session.prompt('Once', { responseConstraint: /[a-z ]{8}/ });
    expect(session.contextUsage).toBe(asked + (await session.measureContextUsage(answer)));
  });

  it('holds its answers to a schema or an expression', async () => {
    const session = await ai.LanguageModel.create(greedy);
    expect(await session.prompt('A word', { responseConstraint: /(yes|no)!/ })).toMatch(/^(yes|no)!$/);
    const responseConstraint = {
      type: 'object',
      properties: { ok: { type: 'boolean' } },
      required: ['ok'],
      additionalProperties: false,
    };
    const answer = await session.prompt('A word', { responseConstraint, omitResponseConstraintInput: true });
    expect(JSON.parse(answer)).toEqual({ ok: expect.any(Boolean) as boolean });
    const told = await session.measureContextUsage('A word', { responseConstraint });
    expect(told).toBeGreaterThan(
      await session.measureContextUsage('A word', { responseConstraint, omitResponseConstraintInput: true }),
    );
    await expect(session.prompt('x', { responseConstraint: 'json' as never })).rejects.toThrow(
      'expected a JSON schema or a regular expression',
    );
  });

  it('leaves out the oldest when it is full, and says so', async () => {
    const session = await ai.LanguageModel.create({
      ...greedy,
      initialPrompts: [
        { role: 'user', content: story },
        { role: 'assistant', content: story },
      ],
    });
    const told: string[] = [];
    session.addEventListener('contextoverflow', () => void told.push('event'));
    session.onquotaoverflow = () => void told.push('handler');
    for (let i = 0; i < 4; i++) await session.append(story);
    expect(told).toEqual(expect.arrayContaining(['event', 'handler']));
    expect(session.contextUsage).toBeLessThanOrEqual(session.contextWindow);
    const requested = await session.measureContextUsage(story.repeat(20));
    await expect(session.prompt(story.repeat(20))).rejects.toMatchObject({
      name: 'QuotaExceededError',
      requested,
      quota: session.contextWindow,
    });
  });

  it('is cloned with what it remembers', async () => {
    const session = await ai.LanguageModel.create({ ...greedy, initialPrompts: [{ role: 'user', content: 'Once' }] });
    const clone = await session.clone();
    expect(clone.contextUsage).toBe(session.contextUsage);
    await clone.append('more');
    expect(clone.contextUsage).toBeGreaterThan(session.contextUsage);
    session.destroy();
    await expect(session.prompt('x')).rejects.toMatchObject({ name: 'AbortError' });
    expect(await clone.prompt('x')).not.toBe('');
  });

  it('calls its tools while it answers, and ends where the model never does', async () => {
    const template = `{% for t in tools or [] %}{{ t.function.name }};{% endfor %}{% for m in messages %}<|im_start|>{{ m.role }}
{{ m.content or '' }}{% for c in m.tool_calls or [] %}<tool_call>
{"name": "{{ c.function.name }}", "arguments": {{ c.function.arguments | tojson }}}
</tool_call>{% endfor %}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}`;
    const says = ['Let me look', '. ', ['<tool_call>', 4], ['</tool_call>', 4], ['<|im_end|>', 3]] as const;
    const file = await scriptedModel({ says, knows: [['<|im_start|>', 3]], template });
    await using calling = await openModel(file, { nCtx: 4096, threads: 1 });
    const { LanguageModel } = builtInAi({ open: () => Promise.resolve(calling) });
    const asked: unknown[] = [];
    const weather = {
      name: 'weather',
      description: 'The weather of a city.',
      inputSchema: {
        type: 'object',
        properties: { city: { enum: ['Paris'] } },
        required: ['city'],
        additionalProperties: false,
      },
      execute: (input: unknown) =>
        asked.push(input) === 1 ? Promise.reject(new Error('no net')) : Promise.resolve('sunny'),
    };
    const session = await LanguageModel.create({ ...greedy, tools: [weather] });
    const reader = session.promptStreaming('hi').getReader();
    let text = '';
    while (text.split('Let me look').length <= 13) text += (await reader.read()).value; // the last round has no tools
    await reader.cancel();
    expect(asked).toEqual(Array.from({ length: 10 }, () => ({ city: 'Paris' })));
  });

  it('refuses messages that have no place', async () => {
    const { LanguageModel } = ai;
    const session = await LanguageModel.create();
    await expect(
      session.prompt([
        { role: 'user', content: 'a' },
        { role: 'system', content: 'b' },
      ]),
    ).rejects.toThrow(TypeError);
    await expect(session.append([{ role: 'friend' as never, content: 'a' }])).rejects.toThrow(
      'the role of message 0 is "friend"',
    );
    await expect(session.prompt([{ role: 'user', content: [{ type: 'image', value: 1 }] }])).rejects.toMatchObject({
      name: 'NotSupportedError',
    });
    await expect(LanguageModel.create({ topK: 0 })).rejects.toThrow(RangeError);
    await expect(LanguageModel.create({ topK: 1, samplingMode: 'balanced' } as never)).rejects.toThrow(TypeError);
    const tool = { name: 'a', description: 'b', inputSchema: { type: 'string' }, execute: () => Promise.resolve('') };
    await expect(LanguageModel.create({ tools: [tool] })).rejects.toThrow("expected 'object'");
  });
});
