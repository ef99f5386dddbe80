/**
 * Which kernel builds lie in dist/, and whether they are those of the sources that are here. dist/kernels.json says what each was made
 * from and how; hashes decide, because the times of files say nothing in a fresh clone.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * @typedef {'simd' | 'relaxed'} Build
 * @typedef {'full' | 'quick'} Level
 * @typedef {{ level: Level, sources: string, wasm: string }} Made how, and hashes of what it was made from and of itself
 */

const root = fileURLToPath(new URL('..', import.meta.url));
const record = join(root, 'dist/kernels.json');

/** @type {readonly Build[]} */
export const builds = ['simd', 'relaxed'];

/** @param {Build} build */
const filesOf = (build) =>
  [`dist/thimble.${build}.wasm`, `dist/thimble.${build}.more.wasm`].map((file) => join(root, file));

/** @param {Build} build */
const isThere = (build) => filesOf(build).every((file) => existsSync(file));

/** @param {Build} build */
const wasmHash = (build) => hash(...filesOf(build).map((file) => readFileSync(file)));

/** @param {...(string | Uint8Array)} parts */
function hash(...parts) {
  const sha = createHash('sha256');
  for (const part of parts) sha.update(`${part.length} `).update(part);
  return sha.digest('hex');
}

/** Everything that a build's bytes depend on. */
export function sourcesHash() {
  const sources = readdirSync(join(root, 'assembly'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length))
    .sort();
  const compiler = ['assemblyscript', 'binaryen'].map((name) => `node_modules/${name}/package.json`);
  const files = [...sources, 'asconfig.json', 'scripts/build_kernels.mjs', ...compiler];
  return hash(...files.flatMap((file) => [file.replaceAll('\\', '/'), readFileSync(join(root, file))]));
}

/** @returns {Partial<Record<Build, Made>>} */
function readRecord() {
  return existsSync(record) ? JSON.parse(readFileSync(record, 'utf8')) : {};
}

/**
 * How each build was made; those that are missing, changed, or of other sources are left out.
 * @returns {Partial<Record<Build, Level>>}
 */
export function currentBuilds() {
  const sources = sourcesHash();
  const current = Object.entries(readRecord()).filter(([name, made]) => {
    const build = /** @type {Build} */ (name);
    return made.sources === sources && isThere(build) && made.wasm === wasmHash(build);
  });
  return Object.fromEntries(current.map(([name, { level }]) => [name, level]));
}

/** Deletes builds of other sources: what is there may be run. */
export function removeOutdated() {
  const current = currentBuilds();
  for (const file of builds.filter((build) => !current[build]).flatMap(filesOf)) rmSync(file, { force: true });
}

/**
 * Notes how a build was made.
 * @param {Build} build
 * @param {Omit<Made, 'wasm'>} from `sources` as they were when compiling began
 */
export function noteBuild(build, from) {
  const made = { ...from, wasm: wasmHash(build) };
  writeFileSync(record, JSON.stringify({ ...readRecord(), [build]: made }, null, 1) + '\n');
}

/**
 * For tests and benches, which must be of the kernels that ship.
 * @throws where a quick build lies in dist/.
 */
export function requireFullBuilds() {
  const made = readRecord();
  const quick = builds.filter((build) => made[build]?.level === 'quick' && isThere(build));
  if (quick.length > 0)
    throw new Error(`${quick.flatMap(filesOf).join(', ')}: a quick build, made by npm start; run npm run build first`);
  const current = currentBuilds();
  const others = builds.filter((build) => isThere(build) && !current[build]);
  if (others.length > 0)
    console.warn(`${others.flatMap(filesOf).join(', ')}: not made from assembly/ as it is now; npm run build`);
}
