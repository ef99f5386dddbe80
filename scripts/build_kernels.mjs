/**
 * Compiles assembly/ into one of the kernel builds, dist/thimble.NAME.wasm and dist/thimble.NAME.more.wasm, and prints their sizes. scripts/build.mjs calls it, in a
 * process for each build.
 *
 *   node scripts/build_kernels.mjs simd|relaxed full|quick
 *
 * `full` is what ships. `quick` takes a quarter of the time: it leaves out the passes that asconfig.json's level 3 adds, and marks the
 * file with a custom section, so that whoever runs it can say so.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { main } from 'assemblyscript/asc';

const root = fileURLToPath(new URL('..', import.meta.url));
const [name = '', level = ''] = process.argv.slice(2);

/** What is added to asconfig.json's options, and to the file. */
const levels = {
  full: { flags: [], mark: [] },
  quick: { flags: ['--optimizeLevel', '2'], mark: customSection('quick') },
};

const { flags, mark } = levels[/** @type {keyof typeof levels} */ (level)];
const sizes = [await make('index', `dist/thimble.${name}.wasm`), await make('more', `dist/thimble.${name}.more.wasm`)];
console.log(sizes.join('; '));

/**
 * Writes a file, and returns its name and sizes.
 * @param {string} entry
 * @param {string} file
 */
async function make(entry, file) {
  const bytes = Buffer.concat([await compile(entry), Uint8Array.from(mark)]);
  if (hasData(bytes)) throw new Error(`${file}: has a data section; instances share one memory, so it must not`);
  writeFileSync(`${root}/${file}.part`, bytes);
  renameSync(`${root}/${file}.part`, `${root}/${file}`); // an interrupted build leaves no half of a file
  return `${file} ${bytes.length} bytes, ${gzipSync(bytes, { level: 9 }).length} gzip`;
}

/**
 * @param {string} entry
 * @returns {Promise<Uint8Array>}
 */
async function compile(entry) {
  /** @type {Uint8Array | undefined} */
  let compiled;
  const writeFile = (/** @type {string} */ _name, /** @type {string | Uint8Array} */ contents) => {
    if (typeof contents !== 'string') compiled = contents;
  };
  const args = [`assembly/${entry}.ts`, '--config', 'asconfig.json', '--target', name, '--baseDir', root, ...flags];
  const { error, stderr } = await main(args, { writeFile });
  if (compiled && !error) return compiled;
  throw new Error(`${name}: ${error?.message}\n${stderr.toString()}`);
}

/**
 * A section that engines skip: id 0, length, name with its length, no content.
 * @param {string} name
 */
function customSection(name) {
  return [0, name.length + 1, name.length, ...Buffer.from(name)];
}

/**
 * Whether a module has a data section (id 11). Each section is an id, a length (LEB128) and its content.
 * @param {Uint8Array} bytes
 */
function hasData(bytes) {
  for (let at = 8; at < bytes.length;) {
    const id = bytes[at++];
    let length = 0;
    for (let shift = 0, byte = 128; byte & 128; shift += 7) {
      byte = /** @type {number} */ (bytes[at++]);
      length |= (byte & 127) << shift;
    }
    if (id === 11) return true;
    at += length;
  }
  return false;
}
