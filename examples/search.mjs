/**
 * Search in your own documents, by meaning:
 *
 *   node examples/search.mjs index MODEL INDEX.json FILE…          splits text and Markdown files into passages, embeds and saves them
 *   node examples/search.mjs find MODEL INDEX.json QUESTION…       prints the passages that are nearest to a question
 *
 * MODEL is a GGUF file that makes embeddings: all-MiniLM-L6-v2, nomic-embed-text, bge, multilingual-e5, EmbeddingGemma …
 */
import { readFile, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { openModel } from 'thimble';

/** Characters of a passage: about 200 tokens, which every model reads. */
const passageChars = 800;
const nFound = 5;

/**
 * @typedef {{ file: string, heading: string, text: string }} Passage
 * @typedef {{ model: string, dimensions: number, passages: Passage[], rows: string }} Index rows: `[nPassages, dimensions]` f32 in base64
 */

/**
 * A document in passages: paragraphs under one heading, as many as fit. The last paragraph of a passage stands at the beginning of the
 * next one, too, so that nothing is torn from what it goes on from.
 * @param {string} document
 * @returns {{ heading: string, text: string }[]}
 */
function passagesOf(document) {
  /** @type {{ heading: string, text: string }[]} */
  const passages = [];
  for (const section of document.split(/^(?=#{1,6} )/m)) {
    const [, heading = '', body = ''] = /^(?:#{1,6} +(.*)\n?)?([^]*)$/.exec(section) ?? [];
    /** @type {string[]} */
    let kept = [];
    let nNew = 0; // paragraphs that no passage has yet
    const emit = () => {
      if (nNew > 0) passages.push({ heading: heading.trim(), text: kept.join('\n\n') });
      kept = kept.slice(-1);
      nNew = 0;
    };
    for (const paragraph of body.split(/\n\s*\n/).flatMap(shortened)) {
      if (kept.join('\n\n').length + paragraph.length > passageChars) emit();
      if ([...kept, paragraph].join('\n\n').length > passageChars) kept = [];
      kept.push(paragraph);
      nNew++;
    }
    emit();
  }
  return passages;
}

/**
 * A paragraph, or the pieces of a long one, cut behind sentences where there are any.
 * @param {string} paragraph
 * @returns {string[]}
 */
function shortened(paragraph) {
  const text = paragraph.trim();
  if (text.length <= passageChars) return text === '' ? [] : [text];
  const end = Math.max(...['. ', '! ', '? ', '\n'].map((mark) => text.lastIndexOf(mark, passageChars - 1))) + 1;
  const cut = end > passageChars / 2 ? end : passageChars;
  return [text.slice(0, cut).trim(), ...shortened(text.slice(cut))];
}

/**
 * @param {string} path of a model
 * @param {(model: import('thimble').Model) => Promise<void>} use
 */
async function withModel(path, use) {
  const model = await openModel(path);
  try {
    await use(model);
  } finally {
    await model.close();
  }
}

/**
 * Rows of texts, with the prefix that the model's card wants, if it wants one.
 * @param {import('thimble').Model} model
 * @param {string[]} texts
 * @param {'query' | 'document'} task
 * @param {(nDone: number, nTotal: number) => void} [onProgress]
 */
async function rowsOf(model, texts, task, onProgress) {
  const tasks = await model.tasks();
  return model.embed(texts, { truncate: true, onProgress, ...(tasks.includes(task) && { task }) });
}

/** @param {string} modelPath @param {string} indexPath @param {string[]} files */
async function index(modelPath, indexPath, files) {
  /** @type {Passage[]} */
  const passages = [];
  for (const file of files) {
    for (const passage of passagesOf(await readFile(file, 'utf8'))) passages.push({ file, ...passage });
  }
  if (passages.length === 0) throw new RangeError('there is no text in these files');
  await withModel(modelPath, async (model) => {
    const texts = passages.map(({ heading, text }) => (heading ? `${heading}\n${text}` : text));
    const progress = (/** @type {number} */ n, /** @type {number} */ all) => console.error(`${n} of ${all} passages`);
    const rows = await rowsOf(model, texts, 'document', progress);
    const bytes = Buffer.concat(rows.map((row) => new Uint8Array(row.buffer, row.byteOffset, row.byteLength)));
    /** @type {Index} */
    const saved = {
      model: model.info.name,
      dimensions: bytes.length / 4 / rows.length,
      passages,
      rows: bytes.toString('base64'),
    };
    await writeFile(indexPath, JSON.stringify(saved));
    console.log(`${indexPath}: ${passages.length} passages of ${files.length} files`);
  });
}

/** @param {string} modelPath @param {string} indexPath @param {string} question */
async function find(modelPath, indexPath, question) {
  /** @type {Index} */
  const { model: indexed, dimensions, passages, rows } = JSON.parse(await readFile(indexPath, 'utf8'));
  const numbers = new Float32Array(new Uint8Array(Buffer.from(rows, 'base64')).buffer);
  await withModel(modelPath, async (model) => {
    if (model.info.name !== indexed)
      throw new TypeError(`${indexPath} was made with ${indexed}; search with that model`);
    const [asked = new Float32Array(0)] = await rowsOf(model, [question], 'query');
    const scored = passages.map((passage, i) => {
      const row = numbers.subarray(i * dimensions, (i + 1) * dimensions);
      return { ...passage, score: row.reduce((sum, x, j) => sum + x * (asked[j] ?? 0), 0) };
    });
    for (const { score, file, heading, text } of scored.sort((a, b) => b.score - a.score).slice(0, nFound)) {
      console.log(
        `${score.toFixed(3)}  ${basename(file)}${heading && ` · ${heading}`}\n       ${text.replaceAll(/\s+/g, ' ').slice(0, 160)}`,
      );
    }
  });
}

/** A reader of the console wants the sentence alone. @param {unknown} error */
function tell(error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

const [command, modelPath = '', indexPath = '', ...others] = process.argv.slice(2);
if (command === 'index' && others.length > 0) await index(modelPath, indexPath, others).catch(tell);
else if (command === 'find' && others.length > 0) await find(modelPath, indexPath, others.join(' ')).catch(tell);
else console.error('usage: node examples/search.mjs index MODEL INDEX.json FILE… | find MODEL INDEX.json QUESTION…');
