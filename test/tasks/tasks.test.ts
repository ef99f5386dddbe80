import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openModel, type Model } from 'thimble';
import { proofread, rewrite, summarize, translate, write, type Task } from 'thimble/tasks';
import { storiesBlob } from '../api/helpers.ts';

/** Says only what was said: a model of stories goes on with it. */
const chatTemplate = '{% for message in messages %}{{ message.content }} {% endfor %}';

const story =
  'Once upon a time there was a little girl. She had a red ball. Her dog was very big. They went to the park.';

async function heard(task: Task<unknown>): Promise<string[]> {
  const pieces: string[] = [];
  for await (const piece of task) pieces.push(piece);
  return pieces;
}

/** How tasks behave, with a model that is too small to do them. */
describe('tasks', () => {
  let model: Model;
  beforeAll(async () => void (model = await openModel(await storiesBlob(), { chatTemplate, nCtx: 512 })));
  afterAll(() => model.close());

  it('stream the text that the result has', async () => {
    const tasks = [
      summarize(model, story),
      write(model, 'a story'),
      rewrite(model, story),
      translate(model, story, { to: 'fr', from: 'en' }),
    ];
    for (const task of tasks) {
      const pieces = await heard(task);
      const { text } = (await task) as { text: string };
      expect(pieces.length).toBeGreaterThan(3);
      expect(pieces.join('')).toBe(text);
      expect(text).toBe(text.trim());
    }
  });

  it('summarize long texts in parts, and then what came of these', async () => {
    const told: [number, number][] = [];
    const onProgress = (nDone: number, nTotal: number) => void told.push([nDone, nTotal]);
    const { nPieces, text } = await summarize(model, `${story} `.repeat(30), {
      onProgress,
      sampling: { temperature: 0 },
    });
    expect(nPieces).toBeGreaterThan(5);
    expect(text).not.toBe('');
    expect(told.at(-1)).toEqual([nPieces, nPieces]);
    expect(told.map(([nDone]) => nDone)).toEqual(told.map((_, i) => i));
    expect(told.every(([nDone, nTotal]) => nDone <= nTotal)).toBe(true);
  });

  it('keep lines and white space when they translate and correct', async () => {
    const text = '  One day.\n\n\tTwo dogs!\n';
    const shape = /^ {2}\S[^\n]*\n\n\t\S[^\n]*\n$/; // two lines
    expect((await translate(model, text, { to: 'de', from: 'en' })).text).toMatch(shape);
    const { text: corrected, skipped, corrections } = await proofread(model, text);
    expect(corrected).toMatch(shape);
    expect([...skipped, ...corrections].length).toBeGreaterThan(0);
  });

  it('leave as it was what the model did not correct but made up', async () => {
    const { text, skipped } = await proofread(model, story);
    expect(skipped.length).toBeGreaterThan(0);
    for (const { start, end } of skipped) expect(text).toContain(story.slice(start, end));
  });

  it('do nothing where there is nothing to do', async () => {
    expect(await summarize(model, ' \n')).toEqual({ text: '', nPieces: 0, nCut: 0 });
    expect(await translate(model, ' … 12 !\n', { to: 'fr' })).toMatchObject({ text: ' … 12 !\n', nPieces: 0 });
    expect(await translate(model, '\u0001 \t', { to: 'fr' })).toMatchObject({ text: '\u0001 \t', nPieces: 0 });
    expect(await translate(model, story, { to: 'en-GB' })).toMatchObject({ text: story, nPieces: 0, from: 'en' });
    expect(await translate(model, '你好,世界', { to: 'zh-Hant' })).toMatchObject({ nPieces: 1, from: 'zh' });
    expect(await proofread(model, '')).toMatchObject({ text: '', corrections: [] });
  });

  it('end with their signal, and with the loop that is left', async () => {
    const controller = new AbortController();
    const long = write(model, 'a story', {
      length: 'long',
      sampling: { onLoop: 'ignore' } as never,
      signal: controller.signal,
    });
    long.catch(() => undefined);
    const stopped = (async () => {
      for await (const _ of long) controller.abort(new Error('enough'));
    })();
    await expect(stopped).rejects.toThrow('enough');
    await expect(long).rejects.toThrow('enough');
    const left = write(model, 'a story', { length: 'long' });
    for await (const _ of left) break;
    await expect(left.result).rejects.toThrow(/abort/i);
    await expect(summarize(model, story, { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
    expect((await summarize(model, story)).text).not.toBe(''); // the model is free again
  });

  it('say what is wrong with what they are given', async () => {
    const wrong: readonly [Promise<unknown>, string][] = [
      [summarize(model, 7 as never).result, 'the text to summarize is number, expected a string'],
      [summarize({} as never, 'x').result, 'summarize got an object for its model'],
      [summarize(model, 'x', { size: 'short' } as never).result, 'unknown option of summarize size'],
      [
        summarize(model, 'x', { length: 'tiny' as never }).result,
        'length is "tiny", expected one of short, medium, long',
      ],
      [translate(model, 'x', {} as never).result, 'to is undefined, expected a language'],
      [translate(model, 'x', { to: 'xx-' }).result, 'to is "xx-", expected the tag of a language'],
      [translate(model, 'x', { to: 'fr', from: 'klingonish' }).result, 'from is "klingonish"'],
      [rewrite(model, 'x', { sampling: { temperature: 'hot' as never } }).result, 'temperature'],
    ];
    for (const [task, message] of wrong) await expect(task).rejects.toThrow(message);
  });

  it('tell models without a system message all the same', async () => {
    const raising = `{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}${chatTemplate}`;
    await using other = await openModel(await storiesBlob(), { chatTemplate: raising, nCtx: 512 });
    expect((await summarize(other, story)).text).not.toBe('');
  });

  it('need a model that can be told something', async () => {
    await using other = await openModel(await storiesBlob(), { nCtx: 128 });
    await expect(summarize(other, story)).rejects.toThrow('needs a model that can be told what to do');
  });
});
