import { named, type Around, type Embedder } from './embedder.ts';
import { tasksOf } from './tasks.ts';

/** A query, and what is to be ranked by how well it answers it. */
export interface Ranking {
  readonly query: string;
  readonly documents: readonly string[];
  readonly truncate: boolean;
}

/**
 * A score for each document, the higher the better it fits the query. A reranker reads both together and its head says what they make; of any
 * other model it is the cosine of their rows.
 * @throws RangeError for a document that is too long, before the first is read.
 */
export async function rank(embedder: Embedder, ranking: Ranking, around: Around): Promise<Float64Array> {
  const { pooling, isChoice } = embedder.model;
  if (pooling !== 'rank') return cosines(embedder, ranking, around);
  const pairs = ranking.documents.map((document, i) => pairOf(embedder, { ...ranking, document, i }));
  const rows = await embedder.read(pairs, 'rank', around);
  return Float64Array.from(rows, (row) => (isChoice ? chanceOfFirst(row) : row[0]!));
}

async function cosines(
  embedder: Embedder,
  { query, documents, truncate }: Ranking,
  around: Around,
): Promise<Float64Array> {
  const { model } = embedder;
  const { query: before = '', document: beforeEach = '' } = tasksOf(model) ?? {};
  const texts = [embedder.tokensOf(query, { truncate, prefix: before })].concat(
    documents.map((document, i) =>
      named(`document ${i}`, () => embedder.tokensOf(document, { truncate, prefix: beforeEach })),
    ),
  );
  const onProgress = (nDone: number): void => around.onProgress(Math.max(0, nDone - 1));
  const [asked, ...rows] = await embedder.read(texts, model.pooling, { ...around, onProgress });
  return Float64Array.from(rows, (row) => cosine(asked!, row));
}

function cosine(a: Float32Array, b: Float32Array): number {
  let [product, ofA, ofB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    product += a[i]! * b[i]!;
    ofA += a[i]! * a[i]!;
    ofB += b[i]! * b[i]!;
  }
  return product === 0 ? 0 : product / Math.sqrt(ofA * ofB);
}

/** What the first of several numbers is as a chance. */
function chanceOfFirst(row: Float32Array): number {
  return 1 / row.reduce((sum, x) => sum + Math.exp(x - row[0]!), 0);
}

interface Pair extends Omit<Ranking, 'documents'> {
  readonly document: string;
  readonly i: number;
}

/** Query and document as the model was trained to read them together; of a document that is too long its beginning, if it may be. */
function pairOf(embedder: Embedder, { query, document, truncate, i }: Pair): readonly number[] {
  const { nCtx, rankTemplate } = embedder.model;
  const encode = (text: string): number[] =>
    rankTemplate === undefined
      ? paired(embedder, query, text)
      : filled(embedder, rankTemplate, { query, document: text });
  let tokens = encode(document);
  for (let text = document; tokens.length > nCtx; tokens = encode(text)) {
    if (!truncate) {
      const came = `document ${i} and the query have ${tokens.length} tokens, the model reads ${nCtx}`;
      throw new RangeError(`${came}; split the document, or set truncate to true`);
    }
    if (text === '') throw new RangeError(`the query has ${tokens.length} tokens, the model reads ${nCtx}; shorten it`);
    const excess = Math.ceil((text.length * (tokens.length - nCtx)) / tokens.length);
    text = text.slice(0, text.length - excess).replace(/[\ud800-\udbff]$/, ''); // half of a character is none
  }
  return tokens;
}

/** BERT's `[CLS] query [SEP] document [SEP]`; RoBERTa's relatives have two `</s>` between. */
function paired({ model: { tokenizer } }: Embedder, query: string, document: string): number[] {
  const { addBos, bosToken, addEos, eosToken, encode, piece } = tokenizer;
  const end = addEos ? [eosToken!] : [];
  const between = addEos && piece(eosToken!) === '</s>' ? [...end, ...end] : end;
  return [...(addBos ? [bosToken!] : []), ...encode(query), ...between, ...encode(document), ...end];
}

/** The template's own text may hold control tokens; what a person wrote may not. */
function filled(
  { model: { tokenizer } }: Embedder,
  template: string,
  texts: Readonly<Record<string, string>>,
): number[] {
  const parts = template.split(/\{(query|document)\}/); // text, name, text, name, … text
  return tokenizer.encodeSegments(
    parts.map((part, i) => (i % 2 === 0 ? { text: part, trusted: true } : { text: texts[part]!, trusted: false })),
  );
}
