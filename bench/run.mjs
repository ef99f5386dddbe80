/**
 * Runs benches: `ops`, `model`, `ggml` and `peers`, one after the other. Builds the library first.
 *
 *   node bench/run.mjs BENCH… [--no-build] [options of the bench]
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { main as asc } from 'assemblyscript/asc';
import { build } from 'esbuild';
import { requireFullBuilds } from '../scripts/kernel_builds.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const out = `${root}bench/dist`;

/** Programs that the benches start, and the benches themselves. */
const nodeEntries = {
  ops: 'bench/ops.ts',
  model: 'bench/model.ts',
  ggml: 'bench/ggml.ts',
  peers: 'bench/peers/main.ts',
  thimble: 'bench/lib/thimble.ts',
  load_limit: 'bench/lib/load_limit.ts',
  limits_worker: 'bench/lib/limits_worker.ts',
  limits_run: 'bench/lib/limits_run.ts',
  native: 'bench/peers/native.ts',
  browser: 'bench/peers/browser.ts',
};

/** What runs inside a page. */
const pageEntries = {
  thimble_page: 'bench/peers/thimble_page.ts',
  wllama_page: 'bench/peers/wllama_page.ts',
  limits_page: 'bench/lib/limits_page.ts',
};

const benches = ['ops', 'model', 'ggml', 'peers', 'limits_run'];

function buildLibrary() {
  const { status } = spawnSync(process.execPath, ['scripts/build.mjs'], { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0) process.exit(status ?? 1);
}

async function buildBenches() {
  const shared = {
    absWorkingDir: root,
    outdir: out,
    bundle: true,
    format: 'esm',
    target: 'es2022',
    logLevel: 'warning',
  };
  await build({ ...shared, platform: 'node', packages: 'external', sourcemap: 'inline', entryPoints: nodeEntries });
  await build({ ...shared, platform: 'browser', conditions: ['browser'], entryPoints: pageEntries });
}

/** bench/lib/limits.as in both builds, like the library's kernels. */
async function buildLimits() {
  const file = `${root}bench/lib/limits.as`;
  const source = readFileSync(file, 'utf8');
  const readFile = (name) => (name === 'limits.ts' ? source : null);
  for (const target of ['simd', 'relaxed']) {
    const outFile = `${out}/limits.${target}.wasm`;
    if (existsSync(outFile) && statSync(outFile).mtimeMs > statSync(file).mtimeMs) continue;
    const flags = [
      '--runtime',
      'stub',
      '--importMemory',
      '--noExportMemory',
      '--sharedMemory',
      '--maximumMemory',
      '65536',
    ];
    const simd = target === 'relaxed' ? ['--enable', 'relaxed-simd'] : [];
    const args = ['limits.ts', '--outFile', outFile, '-O3', '--noAssert', '--enable', 'simd', '--enable', 'threads'];
    const { error, stderr } = await asc([...args, ...simd, ...flags, '--baseDir', root], {
      readFile,
      writeFile: undefined,
    });
    if (error) throw new Error(`${file}: ${error.message}\n${stderr.toString()}`);
  }
}

const first = process.argv.slice(2).findIndex((arg) => !benches.includes(arg));
const chosen = process.argv.slice(2, first < 0 ? undefined : first + 2);
const options = process.argv.slice(2 + chosen.length).filter((arg) => arg !== '--no-build');
if (chosen.length === 0) {
  console.error(
    `usage: node bench/run.mjs BENCH… [options]; benches: ${benches.join(', ')}; BENCH --help lists options`,
  );
  process.exit(2);
}
mkdirSync(out, { recursive: true });
if (!process.argv.includes('--no-build') && !options.includes('--help')) buildLibrary();
requireFullBuilds();
await buildBenches();
await buildLimits();
for (const bench of chosen) {
  const { status } = spawnSync(process.execPath, [`${out}/${bench}.js`, ...options], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
