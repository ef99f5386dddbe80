/**
 * Size budgets: a smell alarm that fails. What is longer than its limit stands in the table of exceptions with its reason; one that is
 * no longer needed fails, too.
 *
 *   node scripts/budgets.mjs
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { sourceCircles } from './circles.mjs';
import { functionsOf } from './functions.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Lines of a file, of a function with all that is inside it, and of a file that holds a kernel or an architecture. */
const limits = { file: 400, function: 60, kernel: 150, architecture: 150 };

/**
 * What may be longer, by file or by file and function, and why.
 * @type {Readonly<Record<string, string>>}
 */
const exceptions = {
  'assembly/lib/fixed_tile.ts run': 'sums of the whole tile live in registers: a call inside would spill them',
  'assembly/lib/level_dot.ts': 'dot products of levels, for every kind that a machine may have',
  'assembly/lib/level_dot.ts addDigits': 'sums of four rows live in registers: a call inside would spill them',
  'assembly/lib/block_dots.ts': 'products of four quads of rows, unrolled by hand',
  'assembly/lib/block_dots.ts run': 'sums of four quads live in registers: a call inside would spill them',
  'assembly/lib/few_dots.ts': 'products of four tokens, unrolled by hand',
  'assembly/lib/few_dots.ts quad': 'sums of four tokens live in registers: a call inside would spill them',
  'assembly/lib/program.ts': 'how threads walk a program: barriers, counters and sleep belong together',
  'assembly/lib/tile_dots.ts run': 'sums of the whole tile live in registers: a call inside would spill them',
  'src/models/recorder.ts': 'a short name for each op that families use',
  'scripts/one_block.ts draw': 'a picture, line by line',
};

/**
 * @param {string} folder
 * @param {RegExp} pattern
 */
function listed(folder, pattern) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && pattern.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length).replaceAll(sep, '/'))
    .filter((file) => !file.includes('/dist/')); // bench/dist, apps/dist
}

/** @param {string} file */
const read = (file) => readFileSync(join(root, file), 'utf8');

/** @param {string} text */
const nLines = (text) => text.split('\n').length - 1;

/** @param {string} file */
function kindOf(file) {
  if (file.startsWith('assembly/')) return 'kernel';
  return file.startsWith('src/models/') ? 'architecture' : 'file';
}

/** Files and functions over their limit, by the name that an exception goes by. */
function longOnes() {
  /** @type {Map<string, string>} */
  const long = new Map();
  const folders = ['src', 'apps', 'assembly', 'bench', 'examples', 'scripts'];
  for (const file of folders.flatMap((folder) => listed(folder, /\.(tsx?|mjs)$/))) {
    const text = read(file);
    const kind = kindOf(file);
    if (nLines(text) > limits[kind]) long.set(file, `${nLines(text)} lines, a ${kind} has at most ${limits[kind]}`);
    for (const { name, lines } of functionsOf(text, file)) {
      if (lines > limits.function)
        long.set(`${file} ${name}`, `${lines} lines, a function has at most ${limits.function}`);
    }
  }
  return long;
}

/**
 * A script of dist/web and those that it imports, in turn; what it imports when it is needed does not count.
 * @param {string} script
 * @param {Set<string>} found
 */
function withImports(script, found) {
  if (found.has(script)) return;
  found.add(script);
  for (const [, name = ''] of read(`dist/web/${script}`).matchAll(/(?:from|import) ?["']\.\/([^"']+\.js)["']/g))
    withImports(name, found);
}

/**
 * What one import of the library brings to a page: its scripts, that of its threads, and the larger of the two kernel builds, of which a
 * page loads one. @param {string[]} more that it loads, too
 */
function pageKilobytes(...more) {
  const gzipBytes = (/** @type {string} */ file) => gzipSync(readFileSync(join(root, file)), { level: 9 }).length;
  const found = new Set(['engine.js', ...more]);
  withImports('index.js', found);
  const scripts = [...found].map((script) => gzipBytes(`dist/web/${script}`));
  const builds = listed('dist', /^thimble\.[a-z]+\.wasm$/).map(gzipBytes);
  if (builds.length < 2) throw new Error('dist/ is not whole; run npm run build first');
  return Math.round((scripts.reduce((a, b) => a + b, 0) + Math.max(...builds)) / 100) / 10;
}

/** @param {(file: string) => boolean} isCounted */
const linesOf = (isCounted) =>
  listed('src', /\.ts$/)
    .filter(isCounted)
    .reduce((sum, file) => sum + nLines(read(file)), 0);
const isOfGpu = (/** @type {string} */ file) =>
  /^src\/(backends\/(webgpu|split)\/|engine\/(auto_gpu|gpu_backend|gpu_or_wasm|model_sample)\.)/.test(file);
const isOfFamilies = (/** @type {string} */ file) => /^src\/(models|ops)\//.test(file);
const coreLines = linesOf(
  (file) =>
    !/^src\/(isolate|compress|train|explain|chat|store|grammar|server|faces|tasks)\//.test(file) &&
    !isOfGpu(file) &&
    !isOfFamilies(file),
);
const inCircles = sourceCircles();

const budgets = [
  { name: 'library for a page with WASM, gzip kB', is: pageKilobytes(), max: 97 },
  {
    name: 'the same with chat templates, which come while weights are read, gzip kB',
    is: pageKilobytes('engine.templates.js'),
    max: 114,
  },
  {
    name: 'core library without what stands below, chat templates, store, isolation and tests, lines',
    is: coreLines,
    max: 23_200,
  },
  { name: 'families and ops, lines', is: linesOf(isOfFamilies), max: 6_500 },
  { name: 'backends of GPUs, and what chooses them, lines', is: linesOf(isOfGpu), max: 5_500 },
  { name: 'grammars and schemas, lines', is: linesOf((file) => file.startsWith('src/grammar/')), max: 7_000 },
  {
    name: 'server, faces and tasks, lines',
    is: linesOf((file) => /^src\/(server|faces|tasks)\//.test(file)),
    max: 9_500,
  },
  { name: 'files of src/ in circles of imports (node scripts/circles.mjs)', is: inCircles.files.flat().length, max: 0 },
  { name: 'layers of src/ in circles of imports', is: inCircles.layers.flat().length, max: 0 },
];

const long = longOnes();
const failures = [...long].filter(([name]) => !exceptions[name]).map(([name, how]) => `${name}: ${how}`);
for (const name of Object.keys(exceptions)) {
  if (!long.has(name)) failures.push(`${name}: no longer over its limit; take it off the table of exceptions`);
}
for (const { name, is, max } of budgets) {
  console.log(`${name}: ${is} of ${max}`);
  if (is > max) failures.push(`${name}: ${is}, at most ${max}`);
}
console.log(
  `longer than their limits: ${long.size} files and functions, ${Object.keys(exceptions).length} with a reason`,
);
for (const failure of failures) console.error(failure);
process.exit(failures.length > 0 ? 1 : 0);
