/**
 * Size budgets: a smell alarm. Lines are those of the source, bytes those an embedder ships.
 *
 *   node scripts/budgets.mjs     exits with 1 over a hard budget (bundle bytes, core lines); long files are only named
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const root = fileURLToPath(new URL('..', import.meta.url));
const nLines = (file) => readFileSync(join(root, file), 'utf8').split('\n').length - 1;
const listed = (folder, pattern) =>
  existsSync(join(root, folder))
    ? readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && pattern.test(entry.name))
        .map((entry) => join(entry.parentPath, entry.name).slice(root.length))
    : [];

/** Files longer than a screenful or four; kernels and architectures are shorter. */
const perFile = [
  { what: 'file', files: ['src', 'apps', 'assembly', 'bench'].flatMap((folder) => listed(folder, /\.ts$/)), max: 400 },
  { what: 'architecture', files: listed('src/models', /\.ts$/), max: 150 },
  { what: 'kernel', files: listed('assembly', /\.ts$/), max: 150 },
];
for (const { what, files, max } of perFile) {
  const long = files.map((file) => ({ file, lines: nLines(file) })).filter(({ lines }) => lines > max);
  console.log(`${what}s over ${max} lines: ${long.length === 0 ? 'none' : ''}`);
  for (const { file, lines } of long) console.log(`  ${lines}  ${file}`);
}

const coreLines = listed('src', /\.ts$/)
  .filter((file) => !/^src\/(compress|train|explain|chat)\//.test(file))
  .reduce((sum, file) => sum + nLines(file), 0);

/** What one import brings to a page: every script, and the larger of the two kernel builds, of which a page loads one. */
const gzipBytes = (file) => gzipSync(readFileSync(join(root, file)), { level: 9 }).length;
const scripts = listed('dist/web', /\.js$/).map(gzipBytes);
const builds = ['simd', 'relaxed']
  .map((name) => `dist/thimble.${name}.wasm`)
  .filter((file) => existsSync(join(root, file)));
const pageBytes = scripts.reduce((a, b) => a + b, 0) + Math.max(0, ...builds.map(gzipBytes));

const budgets = [
  { name: 'library for a page with WASM, gzip kB', is: Math.round(pageBytes / 100) / 10, max: 100 },
  { name: 'core library without chat templates and tests, lines', is: coreLines, max: 10_500 },
];
let failed = scripts.length === 0 || builds.length === 0;
if (failed) console.error('dist/ is empty; run npm run build first');
for (const { name, is, max } of budgets) {
  console.log(`${name}: ${is} of ${max}`);
  failed ||= is > max;
}
process.exit(failed ? 1 : 0);
