/** The part of model_goldens.mjs that asks llama.cpp for embeddings, and for scores of documents. */
import fs from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';
import { rowsOf, short } from './logit_rows.mjs';

/**
 * @typedef {object} Asking what model_goldens.mjs knows
 * @property {string} repo
 * @property {string} work a folder that goes away
 * @property {(model: string, flags: string[], requests: object[], folder: string) => any[]} ask
 * @property {string[]} flags
 * @property {(gap: number, rowsBy: (folder: string) => Float32Array[]) => { rows: Float32Array[], gelu: object }} withExactGelu
 */

/** Models whose two builds differ by more than this have a GELU. */
const GELU_GAP = 4e-5;

const positions = [0, 1, 20, 39];

/**
 * What pooling or a ranking head leaves, or some rows where it leaves all of them.
 * @param {'tinyEncoders' | 'tinyRankers'} table
 * @param {Asking} asking
 */
export async function encoderGoldens(table, { repo, work, ask, flags, withExactGelu }) {
  const outfile = path.join(work, 'tiny_encoders.mjs');
  await build({
    entryPoints: [path.join(repo, 'test/helpers/tiny_encoders.ts')],
    bundle: true,
    format: 'esm',
    outfile,
  });
  /** @type {typeof import('../test/helpers/tiny_encoders.ts')} */
  const { tinyEncoder, encoderPrompt, ...tables } = await import(outfile);
  const file = path.join(work, 'rows.f32');
  /** @type {Record<string, object>} */
  const models = {};
  for (const name of Object.keys(tables[table])) {
    const model = path.join(work, name + '.gguf');
    fs.writeFileSync(model, tinyEncoder(name));
    const request = { op: 'embeddings', tokens: encoderPrompt, file };
    const { rows, gelu } = withExactGelu(GELU_GAP, (folder) => {
      const [{ rows: nRows, nCols }] = ask(model, flags, [request], folder);
      return rowsOf(file, nRows, nCols);
    });
    const kept = rows.length === 1 ? rows : rows.filter((_, pos) => positions.includes(pos));
    models[name] = { ...gelu, nRows: rows.length, rows: kept.map((row) => Array.from(row, (x) => short(x))) };
  }
  return { prompt: encoderPrompt, positions, models };
}
