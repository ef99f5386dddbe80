import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as later } from 'node:timers/promises';
import { buildInto } from '../../../scripts/app/build.mjs';
import { root } from '../../../scripts/app/config.mjs';

/** What the built app is made of, beside the kernels. */
const sources = ['apps/chat', 'scripts/app', 'dist/web', 'package-lock.json'];
const folder = join(root, 'apps/dist/test-site');
const lock = join(root, 'apps/dist/test-site.lock');

const newest = (path: string): number => {
  const { mtimeMs } = statSync(path);
  if (!statSync(path).isDirectory()) return mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name))));
};

function isCurrent(): boolean {
  const last = join(folder, 'service_worker.js');
  return existsSync(last) && statSync(last).mtimeMs > Math.max(...sources.map((path) => newest(join(root, path))));
}

/** Builds the chat app, without its model, where it is older than its sources. Test files run side by side: one of them builds. */
export async function builtSite(): Promise<string> {
  while (!isLocked()) await later(200);
  try {
    process.env['NODE_ENV'] = 'production'; // tests of what users get
    if (!isCurrent()) await buildInto(folder, ['chat']);
  } finally {
    rmSync(lock, { force: true });
  }
  return folder;
}

/** Takes the lock, which holds who has it: a test that was killed holds nothing. */
function isLocked(): boolean {
  mkdirSync(join(root, 'apps/dist'), { recursive: true });
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch {
    const holder = existsSync(lock) ? Number(readFileSync(lock, 'utf8')) : 0;
    if (holder > 0 && !isAlive(holder)) rmSync(lock, { force: true });
    return false;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
