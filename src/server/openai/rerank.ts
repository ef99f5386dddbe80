/** `/v1/rerank`, as Jina and Cohere have it, and with `texts` as Text Embeddings Inference does. */
import { bodyOf, countRead, modelOf, type Context } from '../context.ts';
import { asked, HttpError } from '../http_error.ts';
import {
  boolean,
  list,
  needed,
  readParameters,
  refused,
  text,
  unseen,
  whole,
  wrong,
  type Check,
} from '../parameters.ts';
import { json } from '../respond.ts';
import { countTokens } from './embeddings.ts';

const document: Check<string> = (value, name) => {
  if (typeof value === 'string') return value;
  const { text: its } = (typeof value === 'object' && value !== null ? value : {}) as { text?: unknown };
  if (typeof its === 'string') return its;
  throw wrong(name, value, 'a text or { text }');
};

const table = {
  model: { check: text },
  query: { check: text },
  documents: { check: list(document, { most: 4096 }) },
  texts: { check: list(document, { most: 4096 }) },
  top_n: { check: whole(1) },
  return_documents: { check: boolean },
  return_text: { check: boolean },
  raw_scores: refused('scores are as the model gives them', true),
  max_tokens_per_doc: refused('documents are read as a whole'),
  truncate: refused('documents are read as a whole'),
  user: unseen,
} as const;

export async function rerank(context: Context): Promise<Response> {
  const { given } = readParameters(await bodyOf(context), table, 'refuse');
  const { texts, top_n: top } = given;
  if (texts && given.documents)
    throw new HttpError(400, "'texts' stands for 'documents': give one of them", { param: 'texts' });
  const documents = needed(given.documents ?? texts, 'documents');
  if (documents.length === 0)
    throw new HttpError(400, "'documents' is empty, expected some texts", { param: 'documents' });
  const query = needed(given.query, 'query');
  const { model, name } = await modelOf(context, given.model);
  if (!model.info.ranks && !model.info.embeds)
    throw new HttpError(400, `${name} is a model of text; ask a reranker, or one that makes embeddings`, {
      param: 'model',
    });
  const { signal } = context;
  const ranked = await asked(model.rank(query, documents, { signal, ...(top !== undefined && { top }) }));
  const nTokens = (await countTokens(model, documents)) + documents.length * (await countTokens(model, [query]));
  countRead(context, nTokens);
  if (texts)
    return json(
      ranked.map(({ index, score, document: its }) => ({ index, score, ...(given.return_text && { text: its }) })),
    );
  const results = ranked.map(({ index, score, document: its }) => ({
    ...{ index, relevance_score: score },
    ...(given.return_documents && { document: { text: its } }),
  }));
  return json({ model: name, object: 'list', usage: { prompt_tokens: nTokens, total_tokens: nTokens }, results });
}
