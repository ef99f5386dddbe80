/**
 * The declarations that ship: of all that tsc writes into dist/types, what the public entries reach. dist/cjs has the same once more
 * for programs in CommonJS, because TypeScript tells the two apart by the package.json that stands above a declaration; the code
 * beside them loads the one library there is.
 */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const imported = ['server', 'tasks', 'ai', 'built_in_ai'];
const entries = ['index', 'gguf', 'gguf_web', 'isolate', ...imported];

/** @param {string} root the repository, with dist/types as tsc wrote it */
export function shipDeclarations(root) {
  const types = join(root, 'dist/types');
  const cjs = join(root, 'dist/cjs');
  const reached = new Set(entries.flatMap((name) => [...reachedFrom(join(types, `${name}.d.ts`))]));
  for (const name of readdirSync(types, { recursive: true, encoding: 'utf8' })) {
    const file = join(types, name);
    if (file.endsWith('.d.ts') && !reached.has(file)) rmSync(file);
  }
  rmSync(cjs, { recursive: true, force: true });
  for (const file of reached) {
    const copy = join(cjs, file.slice(types.length));
    mkdirSync(dirname(copy), { recursive: true });
    copyFileSync(file, copy);
  }
  writeFileSync(join(cjs, 'package.json'), '{ "type": "commonjs" }\n');
  for (const name of ['index', 'gguf', ...imported]) {
    const code = `'use strict';\n// Node 20.19, 22.12 and newer; older ones take: await import('thimble')\nmodule.exports = require('../node/${name}.js');\n`;
    writeFileSync(join(cjs, `${name}.js`), code);
  }
}

/**
 * A declaration and those that it names, in turn.
 * @param {string} file
 * @param {Set<string>} found
 */
function reachedFrom(file, found = new Set()) {
  if (found.has(file)) return found;
  found.add(file);
  for (const [, name = ''] of readFileSync(file, 'utf8').matchAll(/(?:from|import\()\s*['"](\.[^'"]+)\.ts['"]/g)) {
    reachedFrom(join(dirname(file), `${name}.d.ts`), found);
  }
  return found;
}
