import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as later } from 'node:timers/promises';
import { buildApps } from '../../../scripts/app/build.mjs';
import { builtFolder, root } from '../../../scripts/app/config.mjs';

/** What a built app is made of, beside the kernels. */
const sources = ['apps/chat', 'apps/bench', 'scripts/app', 'dist/web', 'package-lock.json'];
const lock = join(root, 'apps/dist-lock');

const newest = (path: string): number => {
  const { mtimeMs } = statSync(path);
  if (!statSync(path).isDirectory()) return mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name))));
};

function isCurrent(): boolean {
  const last = join(builtFolder, 'models');
  if (!existsSync(last)) return false;
  const found = sources.map((path) => join(root, path)).filter((path) => existsSync(path));
  return statSync(join(builtFolder, 'service_worker.js')).mtimeMs > Math.max(...found.map(newest));
}

/** Builds the apps where they are older than their sources. Test files run side by side: one of them builds. */
export async function builtSite(): Promise<string> {
  for (;;) {
    try {
      mkdirSync(lock);
      break;
    } catch {
      if (existsSync(lock) && Date.now() - statSync(lock).mtimeMs > 120_000) rmSync(lock, { recursive: true }); // of a test that was killed
      await later(200);
    }
  }
  try {
    if (!isCurrent()) await buildApps({ log: () => undefined });
  } finally {
    rmSync(lock, { recursive: true });
  }
  return builtFolder;
}
