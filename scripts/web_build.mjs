/** How all scripts for pages are built; see web_bundles.mjs. */
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** @typedef {import('esbuild').BuildOptions} BuildOptions */

/** @type {BuildOptions} */
const web = {
  bundle: true,
  minify: true,
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
  sourcemap: 'linked',
  sourcesContent: false,
};
/** @type {BuildOptions} */
export const shared = {
  ...web,
  absWorkingDir: root,
  conditions: ['browser'],
  legalComments: 'none',
  logLevel: 'warning',
  metafile: true,
};

/** @param {string} resolveDir @param {string} path */
export const fileOf = (resolveDir, path) => relative(root, join(resolveDir, path)).replaceAll('\\', '/');

/**
 * What a file's import means.
 * @param {string} resolveDir @param {string} path
 */
export const importedFile = (resolveDir, path) =>
  path === '#platform' ? 'src/platform/web.ts' : fileOf(resolveDir, path);

/**
 * The names that a module exports, types left out.
 * @param {string} file
 */
export async function exportsOf(file) {
  const { metafile } = await build({
    entryPoints: [file],
    absWorkingDir: root,
    format: 'esm',
    write: false,
    metafile: true,
    outdir: 'dist',
  });
  return Object.values(metafile.outputs).flatMap((output) => output.exports);
}

/**
 * Bundles a text as if it were a file in the root. `inputs` are the files that it was made from, `held` those of which something is in it.
 * @param {string} contents
 * @param {string} name of the output
 * @param {BuildOptions} options
 */
export async function bundled(contents, name, options) {
  const stdin = { contents, resolveDir: root, sourcefile: name, loader: /** @type {const} */ ('ts') };
  const made = await build({ ...shared, ...options, stdin, outfile: `dist/web/${name}`, write: false });
  const [text = '', map = ''] = ['.js', '.js.map'].map(
    (end) => made.outputFiles.find(({ path }) => path.endsWith(end))?.text,
  );
  const held = Object.values(made.metafile?.outputs ?? {}).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? [file] : [])),
  );
  return { name, text, map, inputs: Object.keys(made.metafile?.inputs ?? {}), held };
}
