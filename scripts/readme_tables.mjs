/**
 * Writes the README's tables of what runs, from the tables in the code: families from src/models (their names, and the `@models` and
 * `@embeddings` lines of their comments), weights from src/quants, and from what the kernels in dist/ and the encoders can do.
 *
 *   node scripts/readme_tables.mjs           writes them
 *   node scripts/readme_tables.mjs --check   fails where the README has others
 */
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import prettier from 'prettier';

const root = fileURLToPath(new URL('..', import.meta.url));
const readme = join(root, 'README.md');

/**
 * What a piece of TypeScript exports.
 * @param {string} contents
 * @returns {Promise<any>}
 */
async function imported(contents) {
  const stdin = { contents, resolveDir: root, loader: /** @type {const} */ ('ts') };
  const options = { bundle: true, format: /** @type {const} */ ('esm'), platform: /** @type {const} */ ('node') };
  const { outputFiles } = await build({ ...options, stdin, absWorkingDir: root, write: false, logLevel: 'warning' });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0]?.contents ?? []).toString('base64')}`);
}

/** @param {readonly (readonly string[])[]} rows the first of them are the titles */
function table(rows) {
  const [titles = [], ...lines] = rows.map((cells) => cells.map((cell) => cell.replaceAll('|', '\\|')));
  return [titles, titles.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

async function families() {
  const { everyArchitecture } = await imported(`export { everyArchitecture } from './src/models/index.ts'`);
  const files = readdirSync(join(root, 'src/models')).filter((file) => file.endsWith('.ts'));
  const documented = files.flatMap((file) => {
    const [, comment = '', name] =
      /\/\*\*((?:(?!\*\/)[^])*)\*\/\s*export const (\w+) = architecture/.exec(
        readFileSync(join(root, 'src/models', file), 'utf8'),
      ) ?? [];
    if (name === undefined) return [];
    const tag = (/** @type {string} */ word) => new RegExp(`@${word} (.*)`).exec(comment)?.[1] ?? '';
    const [models, embeddings] = [tag('models'), tag('embeddings')];
    if (models + embeddings === '')
      throw new Error(`src/models/${file}: the comment says no @models and no @embeddings`);
    return [{ file, names: namesIn(file), models, embeddings }];
  });
  const order = (await everyArchitecture()).map((/** @type {{ names: string[] }} */ { names }) => names.join());
  const rows = order.map((/** @type {string} */ names) => {
    const row = documented.find((each) => each.names.join() === names);
    if (!row) throw new Error(`no file of src/models has the names ${names}`);
    const { file, models, embeddings } = row;
    return [models, embeddings, `[${row.names.join(', ')}](src/models/${file})`];
  });
  return table([['text', 'embeddings, ranking', '`general.architecture`'], ...rows]);
}

/** @param {string} file */
function namesIn(file) {
  const [, list = ''] = /\bnames: \[([^\]]*)\]/.exec(readFileSync(join(root, 'src/models', file), 'utf8')) ?? [];
  return [...list.matchAll(/'([^']+)'/g)].map(([, name = '']) => name);
}

async function weights() {
  const { quants, writableTypes } = await imported(
    `export { quants } from './src/quants/index.ts'; export { writableTypes } from './src/compress/quantize.ts'`,
  );
  const [main, more] = await Promise.all(['simd', 'simd.more'].map(kernelsOf));
  const rows = quants.flatMap((/** @type {import('../src/quants/quant_type.ts').QuantType} */ quant) => {
    const { name, blockSize, blockBytes, dequantize } = quant;
    if (!dequantize) return [];
    const kernel = `matmul_${name}`;
    const runs = main?.has(kernel) ? 'yes' : more?.has(kernel) ? 'yes, its kernels on demand' : 'plain loops only';
    const bits = String(Math.round((blockBytes * 8 * 1e4) / blockSize) / 1e4);
    return [
      [
        `[${name.toUpperCase()}](src/quants/${name}.ts)`,
        bits,
        runs,
        existsSync(join(root, `kernels/quants/${name}.wgsl`)) ? 'yes' : '',
        writableTypes.includes(name) ? 'yes' : '',
      ],
    ];
  });
  return table([['type', 'bits per weight', 'runs', 'on the GPU', '`thimble quantize` makes it'], ...rows]);
}

/** @param {string} name */
async function kernelsOf(name) {
  const file = join(root, `dist/thimble.${name}.wasm`);
  if (!existsSync(file)) throw new Error(`${file} is not there; run npm run build first`);
  return new Set(WebAssembly.Module.exports(await WebAssembly.compile(readFileSync(file))).map(({ name }) => name));
}

/**
 * Puts a table between its two marks.
 * @param {string} text
 * @param {string} name
 * @param {string} rows
 */
function put(text, name, rows) {
  const [begin, end] = [`<!-- ${name}: node scripts/readme_tables.mjs -->`, `<!-- /${name} -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`README.md has no marks ${begin} and ${end}`);
  return `${text.slice(0, from + begin.length)}\n\n${rows}\n\n${text.slice(to)}`;
}

const was = readFileSync(readme, 'utf8');
const filled = put(put(was, 'families', await families()), 'weights', await weights());
const wanted = await prettier.format(filled, { ...(await prettier.resolveConfig(readme)), parser: 'markdown' });
if (!process.argv.includes('--check')) writeFileSync(readme, wanted);
else if (wanted !== was)
  throw new Error('README.md has other tables than the code; run node scripts/readme_tables.mjs');
else console.log('tables in README.md: as the code has them');
