/**
 * Whether one import is enough: builds the pages of examples/embed as a user does, from the packed library, opens them in Chromium, picks
 * a tiny model, and compares the text with Node's.
 *
 *   npm run build && node scripts/embed.mjs [--only vite,webpack,…] [--browser PATH]
 *
 * Everything happens in a copy. npm installs the bundlers there, so this needs the registry, and half a gigabyte for a while.
 */
import { spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  createReadStream,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { delimiter, extname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values: options } = parseArgs({ options: { only: { type: 'string' }, browser: { type: 'string' } } });
const work = mkdtempSync(join(tmpdir(), 'thimble-embed-'));
const pages = join(work, 'examples/embed');
const built = join(pages, 'built');

/** @typedef {Readonly<Record<string, string>>} Headers */

const strict = {
  'Content-Security-Policy':
    "default-src 'none'; connect-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'",
};
const isolated = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };
const lent = { 'Access-Control-Allow-Origin': '*', 'Cross-Origin-Resource-Policy': 'cross-origin' };

/**
 * What is opened: a folder, the headers of its host, and whether the host answers with a page where a file is missing, as many do.
 * @type {Readonly<Record<string, { readonly folder: string, readonly page?: string, readonly headers?: Headers, readonly isLenient?: boolean }>>}
 */
const cases = {
  'vite, build': { folder: 'vite' },
  'vite, build, isolated': { folder: 'vite', headers: isolated },
  'vite, build, strict policy': { folder: 'vite', headers: strict },
  'vite, dev server': { folder: 'vite:dev' },
  webpack: { folder: 'webpack' },
  'webpack, strict policy': { folder: 'webpack', headers: strict },
  esbuild: { folder: 'esbuild' },
  'esbuild, missing files are pages': { folder: 'esbuild', isLenient: true },
  'Next.js, static export': { folder: 'next' },
  'no bundler': { folder: 'plain' },
  'no bundler, isolated': { folder: 'plain', headers: isolated },
  'no bundler, strict policy': { folder: 'plain', page: 'strict.html', headers: strict },
  'no bundler, library of a foreign origin': { folder: 'plain', page: 'foreign.html' },
  'no bundler, library of a foreign origin, isolated': { folder: 'plain', page: 'foreign.html', headers: isolated },
  'no bundler, thimble/inline': { folder: 'plain', page: 'inline.html' },
};

/**
 * Runs a command in the copy's folder; fails with what it said.
 * @param {string} command
 * @param {...string} args
 */
function run(command, ...args) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: pages, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}:\n${stdout}${stderr}`);
}

const types = { '.html': 'text/html', '.js': 'text/javascript', '.wasm': 'application/wasm' };

/**
 * Serves a folder.
 * @param {string} folder
 * @param {Headers} headers
 * @param {boolean} isLenient
 * @returns {Promise<{ url: string, close: () => void }>}
 */
function serve(folder, headers = {}, isLenient = false) {
  const server = createServer(({ url = '/' }, response) => {
    const path = join(folder, decodeURIComponent(new URL(url, 'http://page').pathname).replace(/\/$/, '/index.html'));
    const isFile = path.startsWith(folder) && existsSync(path) && statSync(path).isFile();
    if (!isFile && !isLenient) return void response.writeHead(404, headers).end();
    const file = isFile ? path : join(folder, 'index.html');
    const type = types[/** @type {keyof typeof types} */ (extname(file))] ?? 'application/octet-stream';
    response.writeHead(200, { ...headers, 'Content-Type': type });
    createReadStream(file).pipe(response);
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
      resolve({ url: `http://127.0.0.1:${port}/`, close: () => void server.close() });
    });
  });
}

/** Vite's own server, which bundles as files are asked for. */
async function viteServer() {
  const child = spawn('npx', ['vite', 'vite', '--port', '0', '--host', '127.0.0.1'], { cwd: pages, detached: true });
  const url = await new Promise((resolve, reject) => {
    let said = '';
    child.stdout.on('data', (text) => {
      said += text;
      const [, found] = /(http:\/\/127\.0\.0\.1:\d+\/)/.exec(said.replaceAll(/\x1b\[\d*m/g, '')) ?? [];
      if (found) resolve(found);
    });
    child.once('exit', () => reject(new Error(`vite ended: ${said}`)));
  });
  return { url, close: () => void process.kill(-(/** @type {number} */ (child.pid))) };
}

/** The pages without a bundler, and the library that they find beside them, or elsewhere. @param {string} foreign */
function plainPages(foreign) {
  cpSync(join(pages, 'plain'), join(built, 'plain'), { recursive: true });
  for (const file of ['page.js', 'answer.js']) cpSync(join(pages, file), join(built, 'plain', file));
  cpSync(join(pages, 'node_modules/thimble/dist'), join(built, 'plain/thimble'), { recursive: true });
  const page = readFileSync(join(pages, 'plain/index.html'), 'utf8');
  const put = (/** @type {string} */ name, /** @type {string} */ text) =>
    writeFileSync(join(built, 'plain', name), text);
  put('foreign.html', page.replace('./thimble/', `${foreign}thimble/`));
  put('inline.html', page.replace('web/index.js', 'web/inline.js'));
  put('strict.html', page.replace(/<script type="importmap">[^]*?<\/script>/, '').replace('./page.js', './strict.js')); // a map is a script inside a page
  const named = (/** @type {string} */ file) =>
    readFileSync(join(pages, file), 'utf8').replace("'thimble'", "'./thimble/web/index.js'");
  put('strict.js', named('page.js').replace('./answer.js', './strict_answer.js'));
  put('strict_answer.js', named('answer.js'));
}

/** A tiny model, and what Node says of it. */
async function tinyModel() {
  const outfile = join(work, 'tiny_models.mjs');
  await build({ entryPoints: [join(root, 'test/helpers/tiny_models.ts')], bundle: true, format: 'esm', outfile });
  const model = join(work, 'tiny.gguf');
  writeFileSync(model, (await import(pathToFileURL(outfile).href)).tinyModel('gemma2')); // its family loads on demand
  const { openModel } = await import(pathToFileURL(join(root, 'dist/node/index.js')).href);
  const opened = await openModel(model, { nCtx: 256 });
  const { text } = await opened.generate('Once upon a time', { maxTokens: 24, temperature: 0 });
  await opened.close();
  return { model, text };
}

/** @param {...string} names of programs */
function onPath(...names) {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find((file) => existsSync(file));
}

/**
 * Opens a page, picks the model, and waits for the answer.
 * @param {import('playwright-core').Browser} browser
 * @param {string} url
 * @param {string} model
 */
async function answerOf(browser, url, model) {
  const page = await browser.newPage();
  /** @type {string[]} */
  const said = [];
  page.on('console', (message) => message.type() === 'error' && said.push(message.text()));
  page.on('pageerror', (error) => said.push(error.message));
  try {
    await page.goto(url, { waitUntil: 'networkidle' });
    await page.setInputFiles('#model', model);
    await page.waitForSelector('#answer[data-state=done], #answer[data-state=failed]', { timeout: 30_000 });
    return (await page.textContent('#answer')) ?? '';
  } catch (error) {
    return `${error}\n${said.join('\n')}`;
  } finally {
    await page.close();
  }
}

const executablePath = options.browser ?? onPath('chromium', 'chromium-browser', 'google-chrome');
if (!executablePath) throw new Error('no Chromium on the PATH; name one with --browser');
try {
  cpSync(join(root, 'examples/embed'), pages, { recursive: true, filter: (path) => !/node_modules|built/.test(path) });
  const pack = spawnSync('npm', ['pack', '--ignore-scripts', '--pack-destination', work], {
    cwd: root,
    encoding: 'utf8',
  });
  if (pack.status !== 0) throw new Error(pack.stderr);
  const wanted = Object.entries(cases).filter(
    ([name]) => !options.only || options.only.split(',').some((part) => name.startsWith(part)),
  );
  run('npm', 'install', '--no-audit', '--no-fund');
  for (const folder of ['vite', 'webpack', 'esbuild', 'next'])
    if (wanted.some(([, each]) => each.folder === folder)) run('npm', 'run', folder);
  const { model, text } = await tinyModel();
  const foreign = await serve(join(built, 'plain'), lent);
  plainPages(foreign.url);
  const browser = await chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
  let nFailed = 0;
  for (const [name, { folder, page = '', headers, isLenient }] of wanted) {
    const host = folder === 'vite:dev' ? await viteServer() : await serve(join(built, folder), headers, isLenient);
    const came = await answerOf(browser, host.url + page, model);
    host.close();
    if (came !== text) nFailed++;
    console.log(`${came === text ? 'ok    ' : 'FAILED'} ${name}${came === text ? '' : `: ${came}`}`);
  }
  await browser.close();
  foreign.close();
  if (nFailed > 0) throw new Error(`${nFailed} of ${wanted.length} pages do not show the text that Node makes`);
} finally {
  rmSync(work, { recursive: true, force: true });
}
