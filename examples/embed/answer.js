import { openModel } from 'thimble';

/**
 * Opens the model that somebody picked and shows a text as it is made.
 * @param {FileList} files all shards of it
 * @param {(text: string) => void} show
 */
export async function answer(files, show) {
  const model = await openModel(files, { nCtx: 256 });
  let text = '';
  for await (const piece of model.generate('Once upon a time', { maxTokens: 24, temperature: 0 }))
    show((text += piece));
  await model.close();
}
