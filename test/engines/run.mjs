/**
 * Computes fingerprints in whatever engine runs this file (Node, bun, deno) and prints each as a line of JSON; the first
 * line says which engine that is.
 *
 *   node test/engines/run.mjs MODEL '[{ "threads": 2, "build": "simd" }, …]'
 */
import process from 'node:process';
import { fingerprint } from './fingerprint.mjs';

/** @type {typeof import('thimble')} */
const { openModel } = await import(new URL('../../dist/node/index.js', import.meta.url).href);

const { bun, deno, node } = process.versions;
console.log(JSON.stringify({ version: bun ?? deno ?? node, arch: process.arch }));

const [model = '', runs = '[]'] = process.argv.slice(2);
for (const options of JSON.parse(runs)) {
  const result = await fingerprint(openModel, model, options).catch(({ name, message }) => ({
    error: { name, message },
  }));
  console.log(JSON.stringify({ ...options, result }));
}
