/** What a model is called: its file knows several names. */
export interface Named {
  readonly name: string;
  readonly architecture: string;
  /** All names, of the model and of the file. */
  readonly names: readonly string[];
}

/** What is put in front of a text, by what the text is for. */
type Prefixes = Readonly<Record<string, string>>;

interface Row {
  /** In a name of the model or file, small letters with `-` between words. */
  readonly name: RegExp;
  readonly prefixes: Prefixes;
}

const searching = 'Represent this sentence for searching relevant passages: ';
const retrieving = 'Given a web search query, retrieve relevant passages that answer the query';
const plain: Prefixes = { query: '', document: '' };

const nomic: Prefixes = {
  query: 'search_query: ',
  document: 'search_document: ',
  classification: 'classification: ',
  clustering: 'clustering: ',
};

const gemma: Prefixes = {
  query: 'task: search result | query: ',
  document: 'title: none | text: ',
  'question answering': 'task: question answering | query: ',
  'fact checking': 'task: fact checking | query: ',
  classification: 'task: classification | query: ',
  clustering: 'task: clustering | query: ',
  similarity: 'task: sentence similarity | query: ',
  code: 'task: code retrieval | query: ',
};

const qwen: Prefixes = { query: `Instruct: ${retrieving}\nQuery:`, document: '' };

const jina3: Prefixes = {
  query: 'Represent the query for retrieving evidence documents: ',
  document: 'Represent the document for retrieval: ',
};

/** From the cards of models, more exact names first. A model whose card names no prefixes has empty ones, so that programs need not know. */
const byName: readonly Row[] = [
  { name: /e5.*-instruct/, prefixes: { query: `Instruct: ${retrieving}\nQuery: `, document: '' } },
  { name: /\be5\b/, prefixes: { query: 'query: ', document: 'passage: ', similarity: 'query: ' } },
  { name: /nomic-embed|modernbert-embed/, prefixes: nomic },
  { name: /\bbge-m3\b/, prefixes: plain },
  { name: /\bbge-\w+-zh\b/, prefixes: { query: '为这个句子生成表示以用于检索相关文章：', document: '' } },
  { name: /\bbge-|mxbai-embed|\buae-large/, prefixes: { query: searching, document: '' } },
  { name: /arctic-embed.*v2/, prefixes: { query: 'query: ', document: '' } },
  { name: /arctic-embed/, prefixes: { query: searching, document: '' } },
  { name: /embedding-?gemma/, prefixes: gemma },
  { name: /qwen3.*embed/, prefixes: qwen },
  { name: /jina-embeddings-v3/, prefixes: jina3 },
  { name: /minilm|mpnet|granite-embedding|\bgte-|jina-embeddings-v2/, prefixes: plain },
];

/** Where all models of a family were trained alike, whatever their files are called. */
const byArchitecture: Readonly<Record<string, Prefixes | undefined>> = {
  'gemma-embedding': gemma,
  'nomic-bert': nomic,
  'jina-bert-v2': plain,
  'jina-bert-v3': jina3,
  qwen3: qwen,
};

/** The tasks that a model's card names; undefined where nothing is known of it. */
export function tasksOf({ architecture, names }: Omit<Named, 'name'>): Prefixes | undefined {
  const spelled = names.map((name) => name.toLowerCase().replace(/[\s_]+/g, '-'));
  const known = byName.find(({ name }) => spelled.some((each) => name.test(each)));
  return known?.prefixes ?? byArchitecture[architecture];
}

/** @throws RangeError for a task that the model's card does not name; it lists those that it does. */
export function prefixOf(model: Named, task: string): string {
  const prefixes = tasksOf(model);
  if (prefixes && Object.hasOwn(prefixes, task)) return prefixes[task]!;
  const came = `task is ${JSON.stringify(task)}`;
  const known = prefixes
    ? `of ${model.name} there are ${Object.keys(prefixes).join(', ')}`
    : `and no tasks of ${model.name} are known here; write what its card wants in front of each text`;
  throw new RangeError(`${came}, ${known}`);
}
