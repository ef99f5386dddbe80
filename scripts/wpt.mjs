/**
 * Runs the public web-platform-tests of the built-in AI interfaces in Chromium, over thimble in place of the browser's own.
 *
 *   git clone --depth 1 --filter=blob:none --sparse https://github.com/web-platform-tests/wpt FOLDER && git -C FOLDER sparse-checkout set ai resources
 *   npm run build && node scripts/wpt.mjs FOLDER [--only TEXT] [--verbose]
 *
 * The model is stories260K (test/fixtures): these tests ask how the interfaces behave, not what a model says. Where they ask for that, or for what only a browser can do, a test does not
 * apply, and the table below says why. Prints a line for each file, and fails where a test fails that applies.
 */
import { createReadStream, existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * What does not apply: a part of a test's file, a colon, and a part of its name.
 * @type {readonly (readonly [where: RegExp, why: string])[]}
 */
const notApplicable = [
  [/iframe|detached|-crash/, 'frames, their permissions and their end are the business of a browser'],
  [/translator\.optional.*: (Simple|.*basic usage)/, 'asks for what a good model says: hello in Japanese'],
  [/detector.*requires user activation/, 'a detector needs no download, and so no click'],
  [
    /detector\.optional.*detects the correct language/,
    'asks for languages in letters that are not theirs (el-Latn, hi-Latn, ja-Latn)',
  ],
  [/writer-create.*default options/, 'older than the specification: what a Writer writes is Markdown by default'],
  [
    /fails after destroyed/,
    'older than the specification: it wants InvalidStateError, where AbortError is what is said now',
  ],
];

const types = /** @type {Readonly<Record<string, string>>} */ ({
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.wasm': 'application/wasm',
});

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { only: { type: 'string', default: '' }, verbose: { type: 'boolean' } },
});
const folder = positionals[0];
if (folder === undefined || !existsSync(join(folder, 'ai/resources/util.js'))) {
  console.error(
    'give the folder of web-platform-tests, with ai/ and resources/ in it; the head of this script says how to get one',
  );
  process.exit(2);
}

/** What stands in front of every test: thimble, and then the scripts that its META lines and itself are. */
const page = (/** @type {string} */ file) => {
  const metas = [...readFileSync(join(folder, file), 'utf8').matchAll(/^\/\/ META: script=(.*)$/gm)].map(
    ([, script = '']) => script,
  );
  const scripts = [
    '/resources/testharness.js',
    ...metas.filter((script) => !script.includes('testdriver')),
    `/${file}`,
  ];
  return `<!doctype html><title>${file}</title><body><script type="module">
    import { openModel } from '/dist/web/index.js';
    import { installBuiltInAi } from '/dist/web/built_in_ai.js';
    globalThis.test_driver = { bless: async (intent, action) => (await giveClick(), action?.()) };
    globalThis.gc ??= () => undefined;
    installBuiltInAi({
      languages: ['en', 'ja'],
      async open({ signal, onProgress }) {
        const { body } = await fetch('/model.gguf', { signal });
        const options = { chatTemplate: '{% for message in messages %}{{ message.content }} {% endfor %}', threads: 1, nCtx: 512 };
        return openModel(body, { ...options, signal, onProgress: ({ doneBytes, totalBytes }) => onProgress(doneBytes / totalBytes) });
      },
    });
    for (const src of ${JSON.stringify(scripts)}) {
      const script = document.createElement('script');
      script.src = new URL(src, 'http://' + location.host + '/${file}').href;
      script.async = false;
      await new Promise((resolve, reject) => (script.onload = script.onerror = resolve, document.head.append(script)));
      if (src.endsWith('testharness.js')) {
        setup({ explicit_done: true, explicit_timeout: true });
        add_completion_callback((tests) => told(tests.map(({ name, status, message }) => ({ name, status, message }))));
      }
    }
    done();
  </script>`;
};

/** @param {Uint8Array} model */
function serve(model) {
  const server = createServer(({ url = '/' }, response) => {
    const path = decodeURI(new URL(url, 'http://localhost').pathname);
    const send = (/** @type {string} */ type, /** @type {string | Uint8Array} */ body) =>
      response.writeHead(200, { 'Content-Type': type }).end(body);
    if (path === '/model.gguf') return send('application/octet-stream', model);
    if (path.startsWith('/run/')) return send('text/html', page(path.slice('/run/'.length)));
    const file = path.startsWith('/dist/') ? join(root, path) : join(folder ?? '', path);
    if (path.includes('..') || !existsSync(file)) return response.writeHead(404).end();
    response.writeHead(200, { 'Content-Type': types[extname(file)] ?? 'application/octet-stream' });
    createReadStream(file).pipe(response);
  });
  return /** @type {Promise<{ url: string, close: () => void }>} */ (
    new Promise((resolve) => {
      server.listen(0, '127.0.0.1', () => {
        const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
        resolve({ url: `http://localhost:${port}`, close: () => void server.close() });
      });
    })
  );
}

/** stories260K, as the tests make it. */
async function storiesModel() {
  const entry = join(root, 'test/helpers/stories260k.ts');
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    platform: 'node',
    format: 'esm',
    write: false,
    outdir: 'out',
    define: { 'import.meta.url': JSON.stringify(new URL('../test/helpers/x.ts', import.meta.url).href) },
  });
  const { stories260kGguf } = await import(
    `data:text/javascript;base64,${Buffer.from(outputFiles[0]?.contents ?? []).toString('base64')}`
  );
  return /** @type {Uint8Array} */ (await stories260kGguf());
}

/** @typedef {{ name: string, status: number, message: string | null }} Told */

const chromiumPath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
if (!chromiumPath) throw new Error('Chromium is not installed');
const server = await serve(await storiesModel());
const browser = await chromium.launch({ executablePath: chromiumPath, args: ['--no-sandbox'] });
const files = readdirSync(join(folder, 'ai'), { recursive: true, encoding: 'utf8' })
  .map((file) => `ai/${file}`)
  .filter(
    (file) => /\.(window|any)\.js$|\.html$/.test(file) && !file.includes('/resources/') && file.includes(values.only),
  )
  .sort();
const sums = { passed: 0, failed: 0, notApplicable: 0 };
/** @type {Map<string, number>} */
const reasons = new Map();

/** @param {string} file @returns {Promise<Told[]>} */
async function run(file) {
  const context = await browser.newContext();
  const tab = await context.newPage();
  try {
    /** @type {Promise<Told[]>} */
    const results = new Promise((resolve) => void tab.exposeFunction('told', resolve));
    await tab.exposeFunction('giveClick', () => tab.mouse.click(5, 5));
    const late = new Promise((_, reject) =>
      setTimeout(() => reject(new Error('it did not end within 3 minutes')), 180_000).unref(),
    );
    await tab.goto(`${server.url}/run/${file}`);
    const told = /** @type {Told[]} */ (await Promise.race([results, late]));
    return told.length > 0 ? told : [{ name: 'the file', status: 1, message: 'it has no tests' }];
  } catch (error) {
    return [{ name: 'the file', status: 1, message: String(error) }];
  } finally {
    await context.close();
  }
}

/** @param {string} file @param {Told} test */
function reasonFor(file, { name, status }) {
  const found = notApplicable.find(([where]) => where.test(`${file}: ${name}`));
  return status === 0 ? undefined : found?.[1];
}

for (const file of files) {
  const skipped = notApplicable.find(([where]) => where.test(`${file}:`));
  const tests = skipped ? [{ name: 'the file', status: 1, message: null }] : await run(file);
  const failed = [];
  for (const test of tests) {
    const reason = reasonFor(file, test);
    if (test.status === 0) sums.passed++;
    else if (reason === undefined) {
      sums.failed++;
      failed.push(test);
    } else {
      sums.notApplicable++;
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    }
  }
  console.log(`${file}: ${tests.filter(({ status }) => status === 0).length} of ${tests.length} passed`);
  for (const { name, message } of failed) console.log(`    FAILED  ${name}\n            ${message}`);
}
await browser.close();
server.close();
console.log(`\n${sums.passed} passed, ${sums.failed} failed, ${sums.notApplicable} do not apply:`);
for (const [reason, n] of reasons) console.log(`  ${n}  ${reason}`);
process.exit(sums.failed > 0 ? 1 : 0);
