/**
 * Circles of imports: files of src/ that can only be understood together, and layers likewise. Type imports count, because a type
 * is knowledge as well.
 *
 *   node scripts/circles.mjs     names the files and layers of every circle
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { importsOf, layerOf, sourceFiles } from './layers.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** @typedef {ReadonlyMap<string, ReadonlySet<string>>} Imports what each imports */

/**
 * Sets of nodes that reach each other, larger than one (Tarjan's strongly connected components).
 * @param {Imports} graph
 * @returns {string[][]}
 */
export function circles(graph) {
  /** @type {string[][]} */
  const found = [];
  /** @type {string[]} */
  const stack = [];
  /** @type {Map<string, { index: number, low: number, open: boolean }>} */
  const seen = new Map();
  const visit = (/** @type {string} */ node) => {
    const state = { index: seen.size, low: seen.size, open: true };
    seen.set(node, state);
    stack.push(node);
    for (const other of graph.get(node) ?? []) {
      const known = seen.get(other) ?? visit(other);
      if (known.open) state.low = Math.min(state.low, known.low);
    }
    if (state.low === state.index) {
      const members = stack.splice(stack.indexOf(node));
      for (const member of members) /** @type {{ open: boolean }} */ (seen.get(member)).open = false;
      if (members.length > 1) found.push(members.sort());
    }
    return state;
  };
  for (const node of graph.keys()) if (!seen.has(node)) visit(node);
  return found;
}

/** @returns {{ files: string[][], layers: string[][] }} the circles of src/ */
export function sourceCircles() {
  const files = sourceFiles().filter((file) => file.startsWith('src/'));
  /** @type {Map<string, Set<string>>} */
  const byFile = new Map();
  /** @type {Map<string, Set<string>>} */
  const byLayer = new Map();
  for (const file of files) {
    const imported = importsOf(file, readFileSync(join(root, file), 'utf8'));
    byFile.set(file, new Set(imported));
    const layer = layerOf(file) ?? file;
    const others = imported.map((other) => layerOf(other) ?? other).filter((other) => other !== layer);
    byLayer.set(layer, new Set([...(byLayer.get(layer) ?? []), ...others]));
  }
  return { files: circles(byFile), layers: circles(byLayer) };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [what, found] of Object.entries(sourceCircles())) {
    console.log(`${what}: ${found.length} circles, ${found.flat().length} members`);
    for (const members of found) console.log(`  ${members.join(' ')}`);
  }
}
