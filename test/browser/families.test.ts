import { expect, it } from 'vitest';
import { openModel } from 'thimble';
import { tinyModel } from '../helpers/tiny_models.ts';
import { absence, browsers, openPage } from './browsers.ts';

/** Families whose ops are lowered by files of their own: in a page these are apart from the families and from the engine. */
const names = ['gpt-oss', 'qwen3moe', 'qwen35', 'nemotron_h', 'lfm2'];

const options = { nCtx: 64, maxSessions: 1, threads: 1 };
const prompt = [1, 2, 3, 4, 5, 6, 7];

async function tokensInNode(bytes: Uint8Array): Promise<number[]> {
  const model = await openModel(bytes, options);
  const { tokens } = await model.generate(prompt, { temperature: 0, maxTokens: 8, ignoreEos: true });
  await model.close();
  return [...tokens];
}

const missing = absence(browsers.chromium);
it.skipIf(missing)(`say in a page what they say in Node${missing ? ` (skipped: ${missing})` : ''}`, async () => {
  const page = await openPage(browsers.chromium, { isolated: false });
  try {
    for (const name of names) {
      const bytes = tinyModel(name);
      const said = await page.ask('answerOf', [...bytes], options, prompt);
      expect(said, name).toEqual(await tokensInNode(bytes));
    }
  } finally {
    await page.close();
  }
});
