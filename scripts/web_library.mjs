/**
 * The library's scripts in a page's own thread: index.js with the public names, library.js with all that they need at once, and
 * library.MODULE.js for what loads on demand. Split by esbuild alone, what a page loads at once would be ten files. What is in library.js, the others import
 * from there:
 *
 *     library.js                                    library.api.chat_answer.js
 *     export { asError as m3_asError }        ◀──   import { m3_asError as asError } from './library.js'
 */
import { posix } from 'node:path';
import { build } from 'esbuild';
import { bundled, exportsOf, fileOf, importedFile, shared } from './web_build.mjs';

/** @typedef {import('esbuild').Plugin} Plugin */

const entry = 'src/index.ts';

/** What pages import beside it, by the names of the files; each takes from library.js what is there. */
const others = { server: 'src/server.ts' };

/**
 * The file that a module of the library is in which loads on demand.
 * @param {string} file
 */
const demandedName = (file) => `library.${file.replace(/^src\/(.*)\.ts$/, '$1').replaceAll('/', '.')}`;

/** Dynamic imports stay, as `import("./library.api.chat_answer.js")`. @param {Set<string>} onDemand is told what they ask for. @returns {Plugin} */
const demanding = (onDemand) => ({
  name: 'demanding',
  setup({ onResolve }) {
    onResolve({ filter: /^\./ }, ({ kind, resolveDir, path }) => {
      if (kind !== 'dynamic-import') return undefined;
      const file = fileOf(resolveDir, path);
      onDemand.add(file);
      return { path: `./${demandedName(file)}.js`, external: true };
    });
  },
});

/**
 * What is in library.js comes from there: `export { m3_asError as asError } from './library.js'`.
 * @param {readonly string[]} inLibrary
 * @returns {Plugin}
 */
const fromLibrary = (inLibrary) => ({
  name: 'from library',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^[.#]/ }, ({ kind, resolveDir, path, namespace }) => {
      if (namespace === 'library') return { path, external: true };
      const file = importedFile(resolveDir, path);
      return kind === 'import-statement' && inLibrary.includes(file) ? { path: file, namespace: 'library' } : undefined;
    });
    onLoad({ filter: /./, namespace: 'library' }, async ({ path }) => {
      const names = (await exportsOf(path)).map((name) => `m${inLibrary.indexOf(path)}_${name} as ${name}`);
      return { contents: `export { ${names.join(', ')} } from './library.js';`, loader: 'js' };
    });
  },
});

/** @type {Plugin} */
const leavingLibrary = {
  name: 'leaving library',
  setup: ({ onResolve }) => onResolve({ filter: /library/ }, ({ path }) => ({ path, external: true })),
};

/**
 * The names that scripts import from library.js.
 * @param {readonly string[]} texts
 */
function askedOf(texts) {
  const lists = texts.flatMap((text) => [...text.matchAll(/import\{([^}]*)\}from"\.\/library\.js"/g)]);
  return [
    ...new Set(lists.flatMap(([, list = '']) => list.split(',').map((each) => each.split(' as ')[0] ?? ''))),
  ].sort();
}

/** @param {Plugin} inlined */
export async function libraryFiles(inlined) {
  /** @type {Set<string>} */
  const onDemand = new Set();
  const plugins = [inlined, demanding(onDemand)];
  const outdir = 'dist/web';
  const alone = await build({ ...shared, outdir, write: false, plugins, entryPoints: { library: entry } });
  const inputs = Object.values(alone.metafile?.outputs ?? {}).flatMap((output) => Object.entries(output.inputs));
  const inLibrary = inputs.flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? [file] : [])).sort();
  const split = { ...shared, outdir, write: false, splitting: true, chunkNames: 'library.[hash]' };
  /** @type {readonly import('esbuild').OutputFile[]} */
  let outputFiles = [];
  /** @type {readonly string[]} */
  let made = [];
  for (let n = -1; n !== onDemand.size;) {
    n = onDemand.size;
    const entryPoints = { ...others, ...Object.fromEntries([...onDemand].map((file) => [demandedName(file), file])) };
    const built = await build({ ...split, plugins: [...plugins, fromLibrary(inLibrary)], entryPoints });
    outputFiles = built.outputFiles ?? [];
    made = Object.keys(built.metafile?.inputs ?? {});
  }
  const demanded = outputFiles.flatMap(({ path, text }) =>
    path.endsWith('.map')
      ? []
      : [
          {
            name: posix.basename(path),
            text,
            map: mapOf(path, outputFiles),
            inputs: made,
          },
        ],
  );
  const lent = askedOf(demanded.map(({ text }) => text)).map((name) => {
    const [, i = '', own] = /^m(\d+)_(.+)$/.exec(name) ?? [];
    return `export { ${own} as ${name} } from './${inLibrary[Number(i)]}';`;
  });
  const library = await bundled([`export * from './${entry}';`, ...lent].join('\n'), 'library.js', { plugins });
  const names = `export { ${(await exportsOf(entry)).join(', ')} } from './library.js';`;
  return [await bundled(names, 'index.js', { plugins: [leavingLibrary] }), library, ...demanded];
}

/** @param {string} path @param {readonly import('esbuild').OutputFile[]} files */
const mapOf = (path, files) => files.find((file) => file.path === `${path}.map`)?.text ?? '';
