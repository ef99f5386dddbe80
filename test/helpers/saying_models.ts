import { readFileSync } from 'node:fs';
import { afterEach } from 'vitest';
import { openModel, type Model, type OpenModelOptions } from 'thimble';
import { scriptedModel, type Script } from './scripted_model.ts';

const open: Model[] = [];
afterEach(async () => {
  for (const model of open.splice(0)) await model.close();
});

/** A model that says what the script has it say; closed when the test is over. */
export async function modelSaying(script: Script, options: OpenModelOptions = {}): Promise<Model> {
  const model = await openModel(await scriptedModel(script), { nCtx: 512, threads: 1, ...options });
  open.push(model);
  return model;
}

/** A chat template of the fixtures. */
export const templateOf = (name: string): string =>
  readFileSync(new URL(`../fixtures/chat/templates/${name}.jinja`, import.meta.url), 'utf8');
