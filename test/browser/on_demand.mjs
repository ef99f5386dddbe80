/**
 * What a page rarely asks for, so that its code loads on demand: a rare family, adapters, saved sessions, guesses, grammars, scores, embeddings. The
 * test runs this in Node, too, and compares.
 * @param {typeof import('thimble').openModel} openModel
 * @param {{ model: Uint8Array, lora: Uint8Array, encoder: Uint8Array }} files
 */
export async function onDemand(openModel, { model: bytes, lora, encoder }) {
  const options = { temperature: 2, seed: 3, topK: 0, maxTokens: 12, ignoreEos: true };
  const prompt = [1, 2, 3, 4, 2, 3, 4, 2, 3];
  const model = await openModel(bytes, { nCtx: 64, threads: 1, adapters: [{ source: lora, name: 'lora', scale: 30 }] });
  const session = model.openSession();
  const { tokens: adapted } = await session.generate(prompt, options);
  session.adapters = [];
  const { tokens: bare } = await session.generate(prompt, options);
  const saved = await session.save();
  const other = model.openSession();
  other.adapters = [];
  await other.restore(saved);
  const { tokens: resumed } = await other.resume({ maxTokens: 4, ignoreEos: true });
  const { tokens: guessed } = await other.generate(prompt, { ...options, speculate: 'lookup' });
  const schema = {
    type: 'object',
    properties: { a: { type: 'boolean' } },
    required: ['a'],
    additionalProperties: false,
  };
  const { text: held, value } = await other.generate(prompt, { temperature: 2, seed: 3, schema });
  const scores = [...(await model.score(prompt))];
  await model.close();
  const reader = await openModel(encoder, { nCtx: 64, threads: 1 });
  const rows = (await reader.embed([prompt, [5, 6]])).map((row) => [...row]);
  await reader.close();
  return { family: model.info.architecture, adapted, bare, resumed, guessed, held, value, scores, rows };
}
