/**
 * Writes tiny models of test/helpers/tiny_models.ts as files, for other engines to read.
 *
 *   node scripts/tiny_model_files.mjs DIR NAME…
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const [dir, ...names] = process.argv.slice(2);
if (!dir || names.length === 0) throw new TypeError('usage: node scripts/tiny_model_files.mjs DIR NAME…');
const entry = fileURLToPath(new URL('../test/helpers/tiny_models.ts', import.meta.url));
const { outputFiles } = await build({ entryPoints: [entry], bundle: true, format: 'esm', write: false });
const code = Buffer.from(outputFiles[0]?.contents ?? []).toString('base64');
const { tinyModel } = await import(`data:text/javascript;base64,${code}`);
mkdirSync(dir, { recursive: true });
for (const name of names) writeFileSync(`${dir}/${name}.gguf`, tinyModel(name));
