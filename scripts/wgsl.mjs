/**
 * Puts the WGSL files of kernels/ into dist/wgsl.js, by their names: { 'rms_norm': source, 'lib/step': source, … }. Comments go, but for the
 * lines that src/backends/webgpu/sources.ts reads (`// needs:`, `// grid:`).
 *
 *   node scripts/wgsl.mjs
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'kernels');

/** @param {string} source */
function withoutComments(source) {
  const lines = source.split('\n').map((line) => {
    if (/^\/\/ (needs|grid): /.test(line)) return line;
    return line.replace(/\s*\/\/.*$/, '').replace(/^ +/, '');
  });
  return lines.filter((line) => line !== '').join('\n');
}

/** Writes dist/wgsl.js. */
export function writeWgsl() {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.wgsl'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const sources = files.map((file) => [
    file.slice(folder.length + 1, -'.wgsl'.length).replaceAll(sep, '/'),
    withoutComments(readFileSync(file, 'utf8')),
  ]);
  mkdirSync(join(root, 'dist'), { recursive: true });
  writeFileSync(join(root, 'dist/wgsl.js'), `export const wgsl = ${JSON.stringify(Object.fromEntries(sources))};\n`);
  writeFileSync(join(root, 'dist/wgsl.d.ts'), 'export declare const wgsl: Readonly<Record<string, string>>;\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeWgsl();
