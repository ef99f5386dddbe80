/**
 * Runs benches: `ops`, `device`, `gpu_device`, `tokens`, `model`, `load`, `fidelity`, `presets`, `held`, `embed`, `experts`, `adapters`, `together`, `context`, `recurrent`, `paging`, `eviction`, `quantize`, `translate`, `languages`, `fit`, `stored`, `schema`, `serve`, `ggml` and `peers`, one after the other. Builds the library first.
 *
 *   node bench/run.mjs BENCH… [--no-build] [options of the bench]
 *   node bench/run.mjs keep DIR     copies the build and its cases, for `--against DIR` after the next change
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { requireFullBuilds } from '../scripts/kernel_builds.mjs';
import { buildLimits } from './build_limits.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const out = `${root}bench/dist`;

/** Programs that the benches start, and the benches themselves. */
const nodeEntries = {
  ops: 'bench/ops.ts',
  device: 'bench/device.ts',
  gpu_device: 'bench/gpu_device.ts',
  tokens: 'bench/tokens.ts',
  cases: 'bench/lib/cases.ts',
  model: 'bench/model.ts',
  load: 'bench/load.ts',
  opening: 'bench/lib/opening.ts',
  fidelity: 'bench/fidelity.ts',
  presets: 'bench/presets.ts',
  held: 'bench/held.ts',
  experts: 'bench/experts.ts',
  embed: 'bench/embed.ts',
  embed_once: 'bench/lib/embed_once.ts',
  adapters: 'bench/adapters.ts',
  adapters_once: 'bench/lib/adapters_once.ts',
  together: 'bench/together.ts',
  context: 'bench/context.ts',
  recurrent: 'bench/recurrent.ts',
  paging: 'bench/paging.ts',
  eviction: 'bench/eviction.ts',
  quantize: 'bench/quantize.ts',
  serve: 'bench/serve.ts',
  translate: 'bench/translate.ts',
  languages: 'bench/languages.ts',
  ggml: 'bench/ggml.ts',
  peers: 'bench/peers/main.ts',
  thimble: 'bench/lib/thimble.ts',
  fit: 'bench/fit.ts',
  stored: 'bench/stored.ts',
  schema: 'bench/schema.ts',
  fit_once: 'bench/lib/fit_once.ts',
  load_limit: 'bench/lib/load_limit.ts',
  limits_worker: 'bench/measure/limits_worker.ts',
  limits_run: 'bench/lib/limits_run.ts',
  native: 'bench/peers/native.ts',
  browser: 'bench/peers/browser.ts',
};

/** What runs inside a page. */
const pageEntries = {
  thimble_page: 'bench/peers/thimble_page.ts',
  wllama_page: 'bench/peers/wllama_page.ts',
  fit_page: 'bench/lib/fit_page.ts',
  paging_page: 'bench/lib/paging_page.ts',
  stored_page: 'bench/lib/stored_page.ts',
  stored_worker: 'bench/lib/stored_worker.ts',
};

const benches = [
  'ops',
  'device',
  'gpu_device',
  'tokens',
  'model',
  'load',
  'fidelity',
  'presets',
  'held',
  'embed',
  'experts',
  'adapters',
  'together',
  'paging',
  'eviction',
  'context',
  'recurrent',
  'quantize',
  'translate',
  'languages',
  'fit',
  'stored',
  'serve',
  'schema',
  'ggml',
  'peers',
  'limits_run',
];

function buildLibrary() {
  const { status } = spawnSync(process.execPath, ['scripts/build.mjs'], { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0) process.exit(status ?? 1);
}

async function buildBenches() {
  /** @type {import('esbuild').BuildOptions} */
  const shared = {
    absWorkingDir: root,
    outdir: out,
    bundle: true,
    format: 'esm',
    target: 'es2022',
    logLevel: 'warning',
    loader: { '.wgsl': 'text' },
  };
  await build({ ...shared, platform: 'node', packages: 'external', sourcemap: 'inline', entryPoints: nodeEntries });
  await build({ ...shared, platform: 'browser', conditions: ['browser'], entryPoints: pageEntries });
}

/**
 * A folder that `--against` takes: laid out like the project, so that programs find the library where they look for it.
 * @param {string} dir
 */
function keep(dir) {
  if (existsSync(`${dir}/src`)) throw new Error(`${dir} is a checkout; keep into a folder of its own`);
  for (const folder of ['dist', 'bench/dist']) {
    rmSync(`${dir}/${folder}`, { recursive: true, force: true });
    cpSync(root + folder, `${dir}/${folder}`, { recursive: true });
  }
  writeFileSync(`${dir}/package.json`, '{ "type": "module" }\n');
  console.log(`kept; after the next change: node bench/run.mjs ops --against ${dir}`);
}

const args = process.argv.slice(2).filter((arg) => arg !== '--no-build');
const keeps = args[0] === 'keep' && args.length === 2 && !args[1]?.startsWith('-');
const first = args.findIndex((arg) => !benches.includes(arg));
const chosen = args.slice(0, first < 0 ? undefined : first);
const options = args.slice(chosen.length);
if (chosen.length === 0 && !keeps) {
  console.error(
    `usage: node bench/run.mjs BENCH… [options], or keep DIR; benches: ${benches.join(', ')}; BENCH --help lists options`,
  );
  process.exit(2);
}
mkdirSync(out, { recursive: true });
if (!process.argv.includes('--no-build') && !options.includes('--help')) buildLibrary();
requireFullBuilds();
await buildBenches();
await buildLimits();
if (keeps) keep(args[1] ?? '');
for (const bench of chosen) {
  const { status } = spawnSync(process.execPath, [`${out}/${bench}.js`, ...options], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
