/**
 * Builds everything that ships, into dist/:
 *
 *   thimble.simd.wasm, thimble.relaxed.wasm   the kernels, from assembly/
 *   node/ web/                                the library for Node and for pages: index.js, engine.js, compute.js
 *   node/cli.js                               the command line
 *   types/                                    TypeScript declarations
 *
 *   node scripts/build.mjs [--no-types]
 *
 * The kernels, which take longest, are compiled only when something they are made of has changed.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

const entries = {
  index: 'src/index.ts',
  gguf: 'src/gguf.ts',
  engine: 'src/engine/worker.ts',
  compute: 'src/backends/wasm/compute_worker.ts',
};

/** @type {import('esbuild').BuildOptions} */
const shared = {
  absWorkingDir: root,
  bundle: true,
  splitting: true,
  format: 'esm',
  target: 'es2022',
  sourcemap: 'linked',
  sourcesContent: false,
  legalComments: 'none',
  logLevel: 'warning',
};

async function bundles() {
  const cli = { cli: 'apps/cli/main.ts' };
  await build({ ...shared, platform: 'node', outdir: 'dist/node', entryPoints: present({ ...entries, ...cli }) });
  const { gguf: _nodeOnly, ...web } = entries;
  await build({
    ...shared,
    minify: true,
    platform: 'browser',
    conditions: ['browser'],
    outdir: 'dist/web',
    entryPoints: present(web),
  });
}

const present = (all) => Object.fromEntries(Object.entries(all).filter(([, file]) => existsSync(`${root}/${file}`)));

function run(script, ...args) {
  const { status } = spawnSync(process.execPath, [script, ...args], { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

const modified = (file) => statSync(join(root, file)).mtimeMs;

function kernelsAreCurrent() {
  const built = ['simd', 'relaxed'].map((name) => `dist/thimble.${name}.wasm`);
  if (!built.every((file) => existsSync(join(root, file)))) return false;
  const sources = readdirSync(join(root, 'assembly'), { recursive: true }).map((file) => join('assembly', file));
  const newest = Math.max(...[...sources, 'asconfig.json', 'scripts/build_kernels.mjs'].map(modified));
  return Math.min(...built.map(modified)) > newest;
}

const withTypes = !process.argv.includes('--no-types');

for (const folder of ['node', 'web', ...(withTypes ? ['types'] : [])])
  rmSync(`${root}/dist/${folder}`, { recursive: true, force: true });
if (!kernelsAreCurrent()) run('scripts/build_kernels.mjs');
await bundles();
if (withTypes) run('node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json');
