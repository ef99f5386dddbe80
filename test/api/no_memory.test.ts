import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { tinyModel } from '../helpers/tiny_models.ts';

/** Opens a model and prints what came of it. */
const script = `
  import { openModel } from ${JSON.stringify(new URL('../../dist/node/index.js', import.meta.url).href)};
  await openModel(process.argv[1], { threads: 2 }).then(
    async (model) => { console.log('opened'); await model.close(); },
    (error) => console.log(error.name, error.message));`;

const path = join(mkdtempSync(join(tmpdir(), 'thimble-')), 'tiny.gguf');
writeFileSync(path, tinyModel('llama'));

/** Runs the script in a process that gets so much address space; V8 sets 10 GB of it aside for every memory. */
function openWithin(kilobytes: number | 'unlimited'): string {
  const node = [process.execPath, '--input-type=module', '--eval', script, path];
  const limited = ['-c', `ulimit -v ${kilobytes} && exec "$@"`, 'bash', ...node];
  return spawnSync('bash', limited, { cwd: fileURLToPath(new URL('.', import.meta.url)), encoding: 'utf8' }).stdout;
}

// Only Linux limits address space.
it.skipIf(process.platform !== 'linux')('memory that the system does not give is a ResourceError', () => {
  expect(openWithin('unlimited')).toBe('opened\n');
  expect(openWithin(4_000_000)).toMatch(/^ResourceError .*, which this device would not give; use a smaller nCtx/);
});
