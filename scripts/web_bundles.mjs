/**
 * The library for pages, into dist/web/:
 *
 *   index.js, library.js      what a page imports: the public names, and all that they need at once
 *   library.MODULE.js         what it loads when something needs it
 *   server.js                 thimble/server
 *   gguf.js                   thimble/gguf
 *   inline.js                 thimble/inline: all of it in one file
 *   isolate.js                thimble/isolate; ../isolate.js is the same as one classic script, for pages and as a service worker
 *   engine.js                 the script of all threads, one file
 *   store.js                  the thread of the model store's jobs
 *   engine.PART.js            what the engine loads when something needs it: chat templates, rare families, rare weights, rare calls …
 *
 * Bundlers find engine.js and its parts by `new URL('./engine.js', import.meta.url)`. They move and rename the files, and change nothing
 * inside, so no part may import engine.js by its name. A part borrows what both need:
 *
 *     engine.js                                       engine.models.js
 *     globalThis.thimble = { shared: [add, …] }  ──▶  const add = thimble.shared[0]
 *     import('./more.ts')  becomes  thimble.part('models', 'p3'), which imports the address that the page told
 *
 * Which file a module belongs to is said by its folder; sources know nothing of all this.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { bundled, exportsOf, fileOf, importedFile, root, shared } from './web_build.mjs';
import { libraryFiles } from './web_library.mjs';

/** @typedef {import('esbuild').Plugin} Plugin */

const folder = join(root, 'dist/web');
const thread = 'src/threads/page.ts';
const faces = { tasks: 'src/tasks.ts', ai: 'src/ai.ts', built_in_ai: 'src/built_in_ai.ts' };

/** The parts of the engine that load on demand, by the modules that are asked for; the first row that fits counts. @type {readonly (readonly [RegExp, string])[]} */
const places = [
  [/^src\/quants\//, 'weights'],
  [/gpu|notes/, 'gpu'],
  [/^src\/(grammar\/|chat\/(tools|harmony)\/|engine\/(constraint|tools))/, 'grammar'],
  [/^src\/chat\/template|marks/, 'templates'],
  [/^src\/(models|tokenizers)\/|lower_rare|stored_rows/, 'models'],
  [/^src\/(bytes|store|gguf)\//, 'sources'],
  [/paged|paging/, 'paged'],
  [/together|turns|places|same_start|state_rows|saving|room/, 'sessions'],
  [/./, 'calls'],
];

/** @param {string} file */
const partOf = (file) => places.find(([pattern]) => pattern.test(file))?.[1] ?? '';

/** Dynamic imports stay, as `import("part:src/models/more.ts")`. @type {Plugin} */
const parted = {
  name: 'parted',
  setup({ onResolve }) {
    onResolve({ filter: /^\./ }, ({ kind, resolveDir, path }) =>
      kind === 'dynamic-import' ? { path: `part:${fileOf(resolveDir, path)}`, external: true } : undefined,
    );
  },
};

/**
 * What is in the engine is borrowed: `borrow("src/ops/add.ts", "add")`, which goes where it is not used.
 * @param {ReadonlySet<string>} inEngine
 * @returns {Plugin}
 */
const borrowing = (inEngine) => ({
  name: 'borrowing',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^[.#]/ }, ({ kind, resolveDir, path }) => {
      const file = importedFile(resolveDir, path);
      return kind === 'import-statement' && inEngine.has(file) ? { path: file, namespace: 'borrowed' } : undefined;
    });
    onLoad({ filter: /./, namespace: 'borrowed' }, async ({ path }) => {
      const lines = (await exportsOf(path)).map(
        (name) => `export const ${name} = /* @__PURE__ */ borrow("${path}", "${name}");`,
      );
      return { contents: lines.join('\n'), loader: 'js' };
    });
  },
});

/** The modules that an output imports on demand. @param {string} text */
const partsIn = (text) => [...text.matchAll(/import\("part:([^"]+)"\)/g)].map(([, file = '']) => file);

/** @param {string} text */
const hash = (text) => createHash('sha256').update(text).digest('hex').slice(0, 12);

/** engine.js and its parts, as texts. */
async function engineFiles() {
  const alone = await bundled(`import './${thread}';`, 'engine.js', { plugins: [parted] });
  const inEngine = new Set(alone.inputs);
  /** @type {Set<string>} */
  const onDemand = new Set(partsIn(alone.text));
  /** @type {Awaited<ReturnType<typeof bundled>>[]} */
  let parts = [];
  /** @type {string[]} */
  let borrowed = [];
  for (let n = 0; n !== onDemand.size;) {
    n = onDemand.size;
    parts = await Promise.all(
      [...new Set([...onDemand].map(partOf))].sort().map((part) => {
        const lines = [...onDemand].flatMap((file, i) =>
          partOf(file) === part ? `export * as p${i} from './${file}';` : [],
        );
        return bundled(lines.join('\n'), `engine.${part}.js`, { plugins: [parted, borrowing(inEngine)] });
      }),
    );
    borrowed = [
      ...new Set(
        parts.flatMap(({ text }) => [...text.matchAll(/borrow\("([^"]+)","([^"]+)"\)/g)].map(([call]) => call)),
      ),
    ];
    // What is borrowed may load something that the engine alone never does.
    const lending = await bundled(engineText(borrowed, ''), 'engine.js', { plugins: [parted] });
    for (const { text } of [lending, ...parts]) for (const file of partsIn(text)) onDemand.add(file);
  }
  const files = [...onDemand];
  const version = hash([alone, ...parts].map(({ text }) => text).join());
  const engine = await bundled(engineText(borrowed, version), 'engine.js', { plugins: [parted] });
  checkOpsOnce([engine, ...parts]);
  /** @param {string} text */
  const linked = (text) =>
    text
      .replaceAll(/import\("part:([^"]+)"\)/g, (_, file) => `thimble.part("${partOf(file)}","p${files.indexOf(file)}")`)
      .replaceAll(/borrow\("[^"]+","[^"]+"\)/g, (call) => `thimbleShared[${borrowed.indexOf(call)}]`);
  return [engine, ...parts].map(({ text, ...rest }) => {
    const begin = rest.name === 'engine.js' ? '' : `const thimbleShared=thimble.sharedWith("${version}");`;
    return { ...rest, text: begin + linked(text) };
  });
}

/**
 * Ops are compared by identity, in tables by op, too: two files that each hold one would not know each other's.
 * @param {readonly { name: string, held: readonly string[] }[]} files
 */
function checkOpsOnce(files) {
  /** @type {Map<string, string>} */
  const holders = new Map();
  for (const { name, held } of files) {
    for (const op of held.filter((file) => file.startsWith('src/ops/') && file !== 'src/ops/op.ts')) {
      const other = holders.get(op);
      if (other !== undefined)
        throw new Error(
          `${op} is in ${other} and in ${name}, which makes two ops of it: let one of them go by the op's name`,
        );
      holders.set(op, name);
    }
  }
}

/** The thread of the store's jobs, which loads nothing on demand. */
async function storeFile() {
  const file = await bundled(`import './src/threads/store.ts';`, 'store.js', { plugins: [parted] });
  const onDemand = partsIn(file.text);
  if (onDemand.length > 0) throw new Error(`store.js would load ${onDemand.join(', ')}, which it cannot`);
  return file;
}

/**
 * The engine's thread, and what its parts borrow and call.
 * @param {readonly string[]} borrowed
 * @param {string} version of engine and parts together: files of two builds would share the wrong things
 */
function engineText(borrowed, version) {
  const imports = borrowed.map((call, i) => {
    const [, file, name] = /"([^"]+)","([^"]+)"/.exec(call) ?? [];
    return `import { ${name} as b${i} } from './${file}';`;
  });
  return `
    export { serve } from './${thread}';
    import { fileNamed } from './src/engine/files.ts';
    import { loadPart } from './src/engine/load_part.ts';
    ${imports.join('\n')}
    const shared = [${borrowed.map((_, i) => `b${i}`).join()}];
    globalThis.thimble = {
      part: (part, key) => loadPart(fileNamed(part).href, key, (address) => import(address)),
      sharedWith(version) {
        if (version === '${version}') return shared;
        throw new Error('the files of thimble beside each other are of two builds');
      },
    };`;
}

/**
 * `thimble:inlined`: the content of all files that a page needs beside its script.
 * @param {readonly { name: string, text: string }[]} engine
 * @returns {Plugin}
 */
const inlining = (engine) => ({
  name: 'inlining',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^thimble:inlined$/ }, ({ path }) => ({ path, namespace: 'inlined' }));
    onLoad({ filter: /./, namespace: 'inlined' }, () => {
      const scripts = engine.map(({ name, text }) => [
        name.replace(/\.js$/, '').replace(/^engine\./, ''),
        Buffer.from(text),
      ]);
      const kernels = ['simd', 'simd.more', 'relaxed', 'relaxed.more']
        .map((name) => [`thimble.${name}`, join(root, `dist/thimble.${name}.wasm`)])
        .filter(([, file = '']) => existsSync(file)) // a quick build has not all of them
        .map(([name, file = '']) => [name, readFileSync(file)]);
      const all = [...scripts, ...kernels].map(([name, bytes]) => [
        name,
        gzipSync(/** @type {Buffer} */ (bytes), { level: 9 }).toString('base64'),
      ]);
      return { contents: `export const texts = ${JSON.stringify(Object.fromEntries(all))};`, loader: 'js' };
    });
  },
});

/**
 * The outputs that an entry leads to, with their maps. esbuild writes what dynamic imports ask for, too, that it has left out itself; who
 * calls this deletes them.
 * @param {import('esbuild').Metafile['outputs']} outputs
 */
function reached(outputs) {
  const names = new Set(
    Object.keys(outputs).filter((name) => /^dist\/(web\/)?(gguf|isolate|inline|tasks|ai|built_in_ai)\.js$/.test(name)),
  );
  for (const name of names) for (const { path } of outputs[name]?.imports ?? []) if (path in outputs) names.add(path);
  return Object.keys(outputs).filter((name) => names.has(name.replace(/\.map$/, '')));
}

/** Builds all of it. @returns the names of the files written, seen from the root, and of those that they were made from. */
export async function webBundles() {
  const engine = [...(await engineFiles()), await storeFile()];
  const inlined = inlining(engine);
  const files = [...engine, ...(await libraryFiles(inlined))];
  mkdirSync(folder, { recursive: true });
  for (const { name, text, map } of files) {
    writeFileSync(
      join(folder, name),
      text.replace(/\n?\/\/# sourceMappingURL=.*\n?$/, '') + `\n//# sourceMappingURL=${name}.map\n`,
    );
    writeFileSync(join(folder, `${name}.map`), map);
  }
  const plugins = [inlined];
  const outdir = 'dist/web';
  const made = await Promise.all([
    // on its own: shared with the engine, its parts would make what all pages load 4 kB larger
    build({ ...shared, outdir, plugins, splitting: true, entryPoints: { gguf: 'src/gguf_web.ts' } }),
    build({ ...shared, outdir, splitting: true, charset: 'utf8', entryPoints: faces }), // of a model they know the type alone
    build({ ...shared, outdir, entryPoints: { isolate: 'src/isolate.ts' } }),
    build({ ...shared, outdir: 'dist', format: 'iife', entryPoints: { isolate: 'src/isolate/script.ts' } }),
    build({ ...shared, outdir, plugins, conditions: ['inline', 'browser'], entryPoints: { inline: 'src/index.ts' } }),
  ]);
  const outputs = made.flatMap(({ metafile }) => reached(metafile?.outputs ?? {}));
  const written = [
    ...files.flatMap(({ name }) => [name, `${name}.map`].map((file) => posix.join(outdir, file))),
    ...outputs,
  ];
  return {
    written,
    inputs: [
      ...files.flatMap(({ inputs }) => inputs),
      ...made.flatMap(({ metafile }) => Object.keys(metafile?.inputs ?? {})),
    ],
  };
}
