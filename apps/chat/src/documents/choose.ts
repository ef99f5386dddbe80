/** Finds passages for a question by BM25. */
import MiniSearch from 'minisearch';
import type { SourcePlace, StoredDocument } from '../storage/types.ts';
import { searchWords } from '../storage/words.ts';
import { passagesOf, textOf, type Passage } from './split.ts';
import type { ChooseOptions, PassageSearch } from './types.ts';

interface Index {
  readonly passages: readonly Passage[];
  readonly search: MiniSearch<{ id: number; text: string; place: string }>;
}

/** Hits below this share of the best one's score share little more than common words with the question. */
const leastShare = 0.2;
/** What follows the best hits is given, too, where there is room. */
const nFollowed = 3;
/** A passage that does not fit may be followed by a shorter one that does. */
const nMisses = 3;
/** Longer texts cannot fit: they are not counted. */
const mostCharactersPerToken = 8;
/** The page gets its turn so often. */
const breathMs = 12;

export function createPassageSearch(): PassageSearch {
  /** Of the latest documents. */
  let latest: { readonly key: string; readonly index: Promise<Index> } | undefined;
  const indexOf = (documents: readonly StoredDocument[]) => {
    const key = documents.map(({ id }) => id).join(' ');
    if (latest?.key !== key) latest = { key, index: createIndex(documents) };
    return latest.index;
  };
  return {
    async choose(question, documents, options) {
      if (documents.length === 0 || options.maxTokens <= 0) return [];
      if (await allFits(documents, options)) return documents.flatMap(wholeOf);
      const { passages, search } = await indexOf(documents);
      const hits = search.search(question, { prefix: (word) => word.length >= 4, boost: { place: 0.5 } });
      const good = hits.filter(({ score }) => score >= leastShare * hits[0]!.score).map(({ id }) => id as number);
      const wanted = good.length > 0 ? [...good, ...followers(good, passages)] : fromEverywhere(passages);
      return merged(await fitting(wanted, passages, options), passages);
    },
  };
}

async function createIndex(documents: readonly StoredDocument[]): Promise<Index> {
  const passages: Passage[] = [];
  const search: Index['search'] = new MiniSearch({ fields: ['text', 'place'], ...searchWords });
  let since = performance.now();
  for (const passage of passagesOf(documents)) {
    passages.push(passage);
    search.add({ id: passage.id, text: textOf(passage), place: passage.document.parts[passage.part]!.place });
    if (performance.now() - since < breathMs) continue;
    await new Promise((resolve) => setTimeout(resolve));
    since = performance.now();
  }
  return { passages, search };
}

async function allFits(documents: readonly StoredDocument[], { maxTokens, countTokens }: ChooseOptions) {
  const texts = documents.flatMap(({ parts }) => parts.map(({ text }) => text));
  const nCharacters = texts.reduce((sum, { length }) => sum + length, 0);
  return nCharacters <= maxTokens * mostCharactersPerToken && (await countTokens(texts.join('\n'))) <= maxTokens;
}

const wholeOf = ({ id, name, parts }: StoredDocument): SourcePlace[] =>
  parts.map(({ place, text }) => ({ documentId: id, name, place, text }));

const followers = (ids: readonly number[], passages: readonly Passage[]): number[] =>
  ids
    .slice(0, nFollowed)
    .map((id) => id + 1)
    .filter((id) => passages[id]?.document === passages[id - 1]!.document);

/** For questions about the whole, such as for a summary: the beginnings, then ever finer steps through everything. */
function fromEverywhere(passages: readonly Passage[]): number[] {
  const firsts = passages.filter(({ document }, i) => i === 0 || passages[i - 1]!.document !== document);
  const ids = new Set(firsts.map(({ id }) => id));
  for (let step = passages.length; step >= 1; step = step === 1 ? 0 : Math.ceil(step / 2))
    for (let id = 0; id < passages.length; id += step) ids.add(id);
  return [...ids];
}

async function fitting(ids: readonly number[], passages: readonly Passage[], options: ChooseOptions) {
  const { maxTokens, countTokens, signal } = options;
  const chosen = new Set<number>();
  let left = maxTokens;
  for (let misses = 0, i = 0; i < ids.length && misses < nMisses; i++) {
    signal?.throwIfAborted();
    const id = ids[i]!;
    const text = textOf(passages[id]!);
    if (chosen.has(id)) continue;
    const nTokens = await countTokens(text);
    if (nTokens > left) misses++;
    else {
      chosen.add(id);
      left -= nTokens;
    }
  }
  return [...chosen].sort((a, b) => a - b);
}

/** Neighbours of one part become one passage, which says nothing twice. */
function merged(ids: readonly number[], passages: readonly Passage[]): SourcePlace[] {
  const runs: Omit<Passage, 'id'>[] = [];
  for (const id of ids) {
    const { document, part, begin, end } = passages[id]!;
    const last = runs.at(-1);
    const goesOn = last?.document === document && last.part === part && last.end >= begin;
    if (goesOn) runs[runs.length - 1] = { ...last, end };
    else runs.push({ document, part, begin, end });
  }
  return runs.map((run) => ({
    documentId: run.document.id,
    name: run.document.name,
    place: run.document.parts[run.part]!.place,
    text: textOf(run).trim(),
  }));
}
