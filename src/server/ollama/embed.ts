/** `/api/embed`, and the older `/api/embeddings`. */
import { bodyOf, countRead, modelOf, type Context } from '../context.ts';
import { asked } from '../http_error.ts';
import { boolean, list, needed, readParameters, text, whole, type Check } from '../parameters.ts';
import { json } from '../respond.ts';
import { checkEmbeds, countTokens } from '../openai/embeddings.ts';
import { optionsOf, shared } from './options.ts';

const texts: Check<readonly string[]> = (value, name) =>
  typeof value === 'string' ? [value] : list(text, { most: 4096 })(value, name);

const table = {
  ...shared,
  input: { check: texts },
  truncate: { check: boolean },
  dimensions: { check: whole(1) },
} as const;

export async function embed(context: Context): Promise<Response> {
  const startMs = performance.now();
  const { given } = readParameters(await bodyOf(context), table, 'ignore');
  const { model, name } = await modelOf(context, needed(given.model, 'model'), given.keep_alive);
  checkEmbeds(model, name);
  optionsOf(given.options, model); // a wish that cannot be done is refused
  const loadedMs = performance.now();
  const { truncate = true, dimensions } = given; // Ollama reads the beginning of a text that is too long
  const input = needed(given.input, 'input');
  const { signal } = context;
  const rows =
    input.length > 0
      ? await asked(model.embed(input, { signal, truncate, ...(dimensions !== undefined && { dimensions }) }))
      : [];
  const nTokens = await countTokens(model, input, truncate ? model.info.nCtx : Infinity);
  countRead(context, nTokens);
  return json({
    model: name,
    embeddings: rows.map((row) => Array.from(row)),
    total_duration: Math.round((performance.now() - startMs) * 1e6),
    load_duration: Math.round((loadedMs - startMs) * 1e6),
    prompt_eval_count: nTokens,
  });
}

export async function oldEmbeddings(context: Context): Promise<Response> {
  const { given } = readParameters(await bodyOf(context), { ...shared, prompt: { check: text } } as const, 'ignore');
  const { model, name } = await modelOf(context, needed(given.model, 'model'), given.keep_alive);
  checkEmbeds(model, name);
  optionsOf(given.options, model);
  const { signal } = context;
  const [row] = await asked(model.embed([needed(given.prompt, 'prompt')], { signal, truncate: true }));
  return json({ embedding: Array.from(row!) });
}
