/**
 * Builds everything that ships, into dist/:
 *
 *   thimble.simd.wasm, thimble.relaxed.wasm   the kernels, from assembly/index.ts
 *   thimble.*.more.wasm                       those of rare quant types, from assembly/more.ts
 *   wgsl.js                                   the kernels of GPUs, as texts that bundles take in
 *   node/ web/                                the library for Node and for pages: index.js, engine.js, compute.js
 *   node/cli.js                               the command line
 *   types/ cjs/                               TypeScript declarations; the same for CommonJS, with what it requires
 *   licences.txt                              of what the command line brings along from elsewhere
 *
 *   node scripts/build.mjs [--quick]
 *
 * The kernels take nearly all of the time. They are compiled only when something they are made of has changed. `--quick` is for
 * `npm start`: no types, and of the kernels only the build that this engine runs, less optimised unless the full one is there
 * already. A quick build says what it is, in the kernel file too; the next full build replaces it.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { shipDeclarations } from './declarations.mjs';
import { webBundles } from './web_bundles.mjs';
import { writeWgsl } from './wgsl.mjs';
import { builds, currentBuilds, noteBuild, removeOutdated, sourcesHash } from './kernel_builds.mjs';

/** @typedef {import('./kernel_builds.mjs').Build} Build */

const root = fileURLToPath(new URL('..', import.meta.url));

const entries = {
  index: 'src/index.ts',
  gguf: 'src/gguf.ts',
  server: 'src/server.ts',
  tasks: 'src/tasks.ts',
  ai: 'src/ai.ts',
  built_in_ai: 'src/built_in_ai.ts',
  engine: 'src/threads/engine.ts',
  compute: 'src/threads/compute.ts',
  encode: 'src/threads/encode.ts',
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

/** What is there already stays until its successor is written: a test or chat may be running it. */
async function bundles() {
  const { engine, compute, encode, ...imported } = entries;
  const node = { ...shared, platform: /** @type {const} */ ('node'), outdir: 'dist/node' };
  // What a thread runs is one file without comments: it is there 9 ms earlier (Node 24 on the Xeon, of 49).
  const thread = { splitting: false, minifyWhitespace: true, minifySyntax: true };
  const built = await Promise.all([
    build({ ...node, metafile: true, entryPoints: { ...imported, cli: 'apps/cli/main.ts' } }),
    build({ ...node, metafile: true, ...thread, entryPoints: { engine, compute, encode } }),
  ]);
  const web = await webBundles();
  const written = new Set([...built.flatMap(({ metafile }) => Object.keys(metafile.outputs)), ...web.written]);
  for (const folder of ['dist/node', 'dist/web']) {
    for (const name of readdirSync(join(root, folder))) {
      if (!written.has(`${folder}/${name}`)) rmSync(join(root, folder, name), { recursive: true });
    }
  }
  writeFileSync(
    join(root, 'dist/licences.txt'),
    licences([...built.flatMap(({ metafile }) => Object.keys(metafile.inputs)), ...web.inputs]),
  );
}

/**
 * The licences of all packages that files came from.
 * @param {readonly string[]} files
 */
function licences(files) {
  const packages = new Set(files.flatMap((file) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? []));
  return [...packages]
    .sort()
    .map((name) => {
      const folder = join(root, 'node_modules', name);
      const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
      if (file === undefined) throw new Error(`${name} ${version} comes without a licence`);
      return `${name} ${version}\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
    })
    .join(`\n${'-'.repeat(80)}\n\n`);
}

async function types() {
  rmSync(join(root, 'dist/types'), { recursive: true, force: true });
  await run('node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json');
  shipDeclarations(root);
}

/**
 * Runs a script of this Node and returns what it printed.
 * @param {string} script
 * @param {...string} args
 * @returns {Promise<string>}
 */
function run(script, ...args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    process.once('exit', () => child.kill());
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (said += text));
    child.once('error', reject);
    child.once('close', (status) => (status === 0 ? resolve(said.trim()) : reject(new Error(`${script}:\n${said}`))));
  });
}

/**
 * The kernel build that this engine runs.
 * @returns {Promise<Build>}
 */
async function engineBuild() {
  const entryPoints = [join(root, 'src/platform/features.ts')];
  const { outputFiles } = await build({ entryPoints, bundle: true, format: 'esm', write: false, logLevel: 'warning' });
  const code = Buffer.from(outputFiles[0]?.contents ?? []).toString('base64');
  const { detectFeatures } = await import(`data:text/javascript;base64,${code}`);
  return detectFeatures().build;
}

/**
 * A task that is done once, whoever asks for it.
 * @param {() => Promise<unknown>} task
 */
function once(task) {
  /** @type {Promise<unknown> | undefined} */
  let done;
  return () => (done ??= task());
}

/**
 * Does everything at once, and says what is not done yet, what is, and how long it took.
 * @param {Record<string, () => Promise<unknown>>} tasks
 */
async function together(tasks) {
  const { stdout } = process;
  const startMs = performance.now();
  const open = new Set(Object.keys(tasks));
  const seconds = () => ((performance.now() - startMs) / 1000).toFixed(1);
  const clear = () => stdout.isTTY && stdout.write('\r\x1b[K');
  const waiting = () => stdout.write(`\r\x1b[K${seconds()} s … ${[...open].join(', ')}`);
  console.log(`building: ${[...open].join(', ')}`);
  const timer = stdout.isTTY ? setInterval(waiting, 200) : undefined;
  const done = Object.entries(tasks).map(async ([what, task]) => {
    const said = await task();
    open.delete(what);
    clear();
    console.log(`${seconds().padStart(5)} s  ${what}${typeof said === 'string' && said !== '' ? `: ${said}` : ''}`);
  });
  try {
    await Promise.all(done);
  } finally {
    clearInterval(timer);
    clear();
  }
}

const level = process.argv.includes('--quick') ? 'quick' : 'full';
const wanted = level === 'full' ? builds : [await engineBuild()];
const current = currentBuilds();
const missing = wanted.filter((name) => current[name] !== 'full' && current[name] !== level);
mkdirSync(join(root, 'dist'), { recursive: true });
removeOutdated();
writeWgsl(); // types and bundles take it in

/** @type {Record<string, () => Promise<unknown>>} */
const tasks = {};
for (const name of missing) {
  tasks[`${name} kernels${level === 'quick' ? ', quickly' : ''}`] = once(async () => {
    const sources = sourcesHash();
    const said = await run('scripts/build_kernels.mjs', name, level);
    noteBuild(name, { level, sources });
    return said;
  });
}
const kernels = Object.values(tasks);
tasks['library'] = async () => {
  await Promise.all(kernels.map((compiled) => compiled())); // dist/web/inline.js holds them
  await bundles();
};
if (level === 'full') tasks['types'] = types;
try {
  await together(tasks);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
const now = currentBuilds();
const quick = builds.filter((name) => now[name] === 'quick');
if (quick.length > 0) console.log(`${quick.join(', ')} kernels: a quick build; npm run build makes the optimised ones`);
