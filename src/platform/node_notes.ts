import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder } from './node_cache.ts';
import type { Notes } from './notes.ts';

/** A file for each note, in the user's cache folder. */
export const notes: Notes = {
  async read(name) {
    try {
      const note = JSON.parse(await readFile(fileOf(name), 'utf8')) as { name?: unknown; value?: unknown };
      return note.name === name ? note.value : undefined;
    } catch {
      return undefined;
    }
  },
  async write(name, value) {
    const file = fileOf(name);
    const part = `${file}.${process.pid}.part`;
    try {
      await mkdir(folder(), { recursive: true });
      await writeFile(part, `${JSON.stringify({ name, value }, undefined, 2)}\n`);
      await rename(part, file);
    } catch {
      return; // it is measured again the next time
    }
  },
};

const folder = (): string => join(cacheFolder(), 'notes');

const fileOf = (name: string): string =>
  join(folder(), `${createHash('sha256').update(name).digest('hex').slice(0, 24)}.json`);
