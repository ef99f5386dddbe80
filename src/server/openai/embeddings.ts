/** `/v1/embeddings`. */
import { bodyOf, countRead, modelOf, type Context } from '../context.ts';
import { asked, HttpError } from '../http_error.ts';
import { needed, oneOf, readParameters, text, unseen, whole } from '../parameters.ts';
import { plainTexts, prompts } from '../prompts.ts';
import { json } from '../respond.ts';
import type { ServedModel } from '../served.ts';
import { bookkeeping } from './chat_parameters.ts';

const table = {
  ...bookkeeping,
  model: { check: text },
  input: { check: prompts },
  encoding_format: { check: oneOf('float', 'base64') },
  dimensions: { check: whole(1) },
  embd_normalize: unseen,
} as const;

/** More than OpenAI takes. */
const MAX_TEXTS = 4096;

export async function embeddings(context: Context): Promise<Response> {
  const { given } = readParameters(await bodyOf(context), table, 'refuse');
  const pieces = needed(given.input, 'input');
  if (pieces.length > MAX_TEXTS)
    throw new HttpError(400, `'input' has ${pieces.length} texts, expected at most ${MAX_TEXTS}`, { param: 'input' });
  const held = await modelOf(context, given.model);
  const { model } = held;
  checkEmbeds(model, held.name);
  const input = await asked(plainTexts(model, pieces));
  const { signal } = context;
  const rows = await asked(
    model.embed(input, { signal, ...(given.dimensions !== undefined && { dimensions: given.dimensions }) }),
  );
  const spelled = given.encoding_format === 'base64' ? base64 : (row: Float32Array) => Array.from(row);
  const data = rows.map((row, index) => ({ object: 'embedding', index, embedding: spelled(row) }));
  const nTokens = await countTokens(model, input);
  countRead(context, nTokens);
  return json({ object: 'list', data, model: held.name, usage: { prompt_tokens: nTokens, total_tokens: nTokens } });
}

/** @throws HttpError for a model that makes text */
export function checkEmbeds({ info }: ServedModel, name: string): void {
  if (info.embeds) return;
  const what = info.ranks ? 'a reranker: ask /v1/rerank' : 'a model of text; ask one that makes embeddings';
  throw new HttpError(400, `${name} makes no embeddings, it is ${what}`, { param: 'model' });
}

/** How many tokens are read, with those that stand around each text. @param most of one text */
export async function countTokens(
  model: ServedModel,
  texts: readonly (string | readonly number[])[],
  most = Infinity,
): Promise<number> {
  const counted = texts.map(async (each) =>
    typeof each === 'string' ? (await model.tokenize({ text: each, bos: true, eos: true })).length : each.length,
  );
  return (await Promise.all(counted)).reduce((sum, n) => sum + Math.min(n, most), 0);
}

/** Little-endian f32. */
function base64(row: Float32Array): string {
  const bytes = new Uint8Array(row.length * 4);
  const view = new DataView(bytes.buffer);
  row.forEach((x, i) => view.setFloat32(4 * i, x, true));
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}
