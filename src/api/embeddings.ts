import { checkOneOf, checkWhole, given, kindOf, tokensOf } from '../base/checks.ts';
import type { AdapterUse } from '../protocol/adapters.ts';
import type { EmbedPooling } from '../protocol/messages.ts';
import type { CallSite } from './call_site.ts';
import type { Engine } from './engine.ts';
import type { EmbedOptions, Ranked, RankOptions } from './option_types.ts';

const embedPoolings: readonly EmbedPooling[] = ['mean', 'cls', 'last', 'none'];

/** Whose model is asked, from which line of the caller's code; `dim` is how long the rows of its tokens are. */
interface Asked {
  readonly engine: Engine;
  readonly adapters: readonly AdapterUse[] | undefined;
  readonly dim: number;
  readonly site: CallSite;
}

/** `model.embed`, once the names of its options are checked. */
export async function embedTexts(
  texts: readonly (string | ArrayLike<number>)[],
  options: EmbedOptions,
  { engine, adapters, dim, site }: Asked,
): Promise<Float32Array[]> {
  const { truncate = false, pooling, task, onProgress, signal, ...shape } = given(options);
  if (pooling !== undefined) checkOneOf('pooling', pooling, embedPoolings);
  if (task !== undefined && typeof task !== 'string')
    throw new TypeError(`task is ${kindOf(task)}, expected a word such as 'query' or 'document'`);
  const all = textsOf(texts);
  const onEvent = (nDone: number): void => onProgress?.(nDone, all.length);
  const rows = await engine.call('embed', { texts: all, truncate, pooling, task, adapters }, { onEvent, signal, site });
  return rows.map((row) => shaped(row, pooling === 'none' ? dim : row.length, shape));
}

/** `model.rank`, once the names of its options are checked. */
export async function rankDocuments(
  { query, documents }: { readonly query: string; readonly documents: readonly string[] },
  options: RankOptions,
  { engine, adapters, site }: Omit<Asked, 'dim'>,
): Promise<Ranked[]> {
  const { top = Infinity, truncate = false, onProgress, signal } = given(options);
  if (typeof query !== 'string') throw new TypeError(`the query is ${kindOf(query)}, expected a text`);
  if (!Array.isArray(documents))
    throw new TypeError(`the documents are ${kindOf(documents)}, expected a list of texts`);
  const bad = documents.findIndex((document) => typeof document !== 'string');
  if (bad >= 0) throw new TypeError(`document ${bad} is ${kindOf(documents[bad])}, expected a text`);
  if (top !== Infinity) checkWhole('top', top, { min: 1 });
  const onEvent = (nDone: number): void => onProgress?.(nDone, documents.length);
  const scores = await engine.call(
    'rank',
    { query, documents: [...documents], truncate, adapters },
    { onEvent, signal, site },
  );
  const ranked = documents.map((document: string, index) => ({ index, score: scores[index]!, document }));
  return ranked.sort((a, b) => b.score - a.score || a.index - b.index).slice(0, top);
}

/** What is embedded: texts, or tokens of texts. @throws TypeError for anything else. */
function textsOf(texts: unknown): (string | number[])[] {
  const wanted = 'expected a text, or a list of texts or lists of tokens';
  if (!Array.isArray(texts)) throw new TypeError(`embed got ${kindOf(texts)}, ${wanted}`);
  return Array.from(texts, (text: unknown, i) => {
    // also of places that a list leaves out
    if (typeof text === 'string') return text;
    if (typeof text === 'number')
      throw new TypeError(`embed got a list of numbers, ${wanted}; put tokens into a list: [tokens]`);
    if (Array.isArray(text) || ArrayBuffer.isView(text)) return tokensOf(text as unknown as ArrayLike<number>);
    throw new TypeError(`text ${i} of embed is ${kindOf(text)}, ${wanted}`);
  });
}

/**
 * The first `dimensions` numbers of each row of `nCols`, made to be of length 1.
 * @throws RangeError for more than there are.
 */
function shaped(
  rows: Float32Array,
  nCols: number,
  { normalize = true, dimensions = nCols }: Pick<EmbedOptions, 'normalize' | 'dimensions'>,
): Float32Array {
  checkWhole('dimensions', dimensions, { min: 1, max: nCols });
  const all = new Float32Array((rows.length / nCols) * dimensions);
  for (let row = 0; row < rows.length / nCols; row++) {
    const kept = rows.subarray(row * nCols, row * nCols + dimensions);
    const length = normalize ? Math.sqrt(kept.reduce((sum, x) => sum + x * x, 0)) : 1;
    all.set(
      kept.map((x) => (length > 0 ? x / length : x)),
      row * dimensions,
    );
  }
  return all;
}
