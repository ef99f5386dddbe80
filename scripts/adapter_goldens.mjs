/** The part of model_goldens.mjs that asks llama.cpp for logits with LoRA adapters and control vectors. */
import fs from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';
import { distances, rowsOf, topOf } from './logit_rows.mjs';

/**
 * @typedef {object} Asking what model_goldens.mjs knows
 * @property {string} repo
 * @property {string} work a folder that goes away
 * @property {(model: string, flags: string[], requests: object[]) => any[]} ask
 * @property {(model: string, flags: string[], tokens: readonly number[]) => Float32Array[]} logits
 * @property {(model: string) => string} exactModel
 * @property {(rows: Float32Array[]) => number[][]} sample
 * @property {string[]} flags
 */

/** @param {Asking} asking @returns {Promise<Record<string, object>>} by the cases of test/helpers/adapter_cases.ts */
export async function adapterGoldens({ repo, work, ask, logits, exactModel, sample, flags }) {
  const bundled = async (/** @type {string} */ entry) => {
    const outfile = path.join(work, path.basename(entry, '.ts') + '.mjs');
    await build({ entryPoints: [path.join(repo, entry)], bundle: true, format: 'esm', outfile });
    return import(outfile);
  };
  /** @type {typeof import('../test/helpers/tiny_models.ts')} */
  const { tinyModel, tinyPrompt, tinyConfig } = await bundled('test/helpers/tiny_models.ts');
  /** @type {typeof import('../test/helpers/adapter_cases.ts')} */
  const { adapterCases } = await bundled('test/helpers/adapter_cases.ts');
  /** @type {typeof import('../test/helpers/tiny_adapters.ts')} */
  const { tinyLora, vectorFloats } = await bundled('test/helpers/tiny_adapters.ts');
  /** @type {Record<string, object>} */
  const cases = {};
  for (const [name, { model, loras, vector }] of Object.entries(adapterCases)) {
    const file = path.join(work, model + '.gguf');
    fs.writeFileSync(file, tinyModel(model));
    const files = loras.map((lora, i) => {
      const adapter = path.join(work, `lora${i}.gguf`);
      fs.writeFileSync(adapter, tinyLora(model, lora));
      return [adapter, lora.scale];
    });
    const { nLayers, dim, encoding } = tinyConfig(model);
    const [first, last] = vector?.layers ?? [1, nLayers - 1];
    const floats = vectorFloats('vector', nLayers, dim).map((x) => x * (vector?.scale ?? 0));
    const vectorFile = path.join(work, 'vector.f32');
    fs.writeFileSync(vectorFile, new Uint8Array(floats.buffer));
    const given = vector ? { file: vectorFile, nCols: dim, first, last } : null;
    const exact = encoding('') === 'f32' ? file : exactModel(file);
    const run = (/** @type {string[]} */ ...more) => {
      const out = path.join(work, 'logits.f32');
      const read = { op: 'logits', tokens: tinyPrompt, from: 0, file: out };
      const [, { rows, nVocab }] = ask(
        exact,
        [...flags, ...more],
        [{ op: 'adapt', loras: files, vector: given }, read],
      );
      return rowsOf(out, rows, nVocab);
    };
    const rows = run();
    const runs = { sse42: run('--variant', 'sse42'), bare: logits(exact, flags, tinyPrompt) };
    cases[name] = { best: rows.map((row) => topOf(row, 1)[0]), rows: sample(rows), apart: distances(rows, runs) };
  }
  return cases;
}
