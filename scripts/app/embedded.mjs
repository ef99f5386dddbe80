/** The embedded model as the apps bring it along: in shards that static hosts take (GitHub Pages: less than 100 MB). */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { modelsFolder, root } from './config.mjs';

const name = 'smollm2-135m-instruct-q4_1';
const first = join(root, 'models', `${name}-00001-of-00002.gguf`);
/** The largest tensor, the token table, has 30 MB. */
const mostBytes = '29M';

/** Cuts the model where this has not been done yet. */
export function embeddedModel() {
  if (!isCut()) cut();
  const files = readdirSync(modelsFolder).sort();
  const sizeBytes = files.reduce((sum, file) => sum + statSync(join(modelsFolder, file)).size, 0);
  return { name, files, sizeBytes };
}

const isCut = () =>
  existsSync(modelsFolder) &&
  readdirSync(modelsFolder).some((file) => statSync(join(modelsFolder, file)).mtimeMs > statSync(first).mtimeMs);

function cut() {
  rmSync(modelsFolder, { recursive: true, force: true });
  mkdirSync(modelsFolder, { recursive: true });
  const args = ['split', first, join(modelsFolder, name), '--max-size', mostBytes];
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'dist/node/cli.js'), ...args], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`cannot cut the embedded model:\n${stderr}`);
}
