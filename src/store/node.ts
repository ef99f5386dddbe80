/** The store in Node: models in a folder, and jobs in the caller's thread, which has no page to keep waiting. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { folderPlace } from './folder.ts';
import { runJob } from './jobs.ts';
import type { StorePlatform } from './platform.ts';

/** Where programs of this system keep what can be had again. */
function usualDirectory(): string {
  const { THIMBLE_MODELS, XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  if (THIMBLE_MODELS) return THIMBLE_MODELS;
  const caches = {
    darwin: join(homedir(), 'Library', 'Caches'),
    win32: LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'),
  };
  const usual = caches[process.platform as keyof typeof caches] ?? XDG_CACHE_HOME ?? join(homedir(), '.cache');
  return join(usual, 'thimble', 'models');
}

export const openPlace: StorePlatform['openPlace'] = async ({ directory = usualDirectory() }) => folderPlace(directory);

export const startJob: StorePlatform['startJob'] = (place, job, hooks) => runJob(place, job, hooks);

/** A page's browser is asked; nobody deletes a folder's files. */
export const askToPersist: StorePlatform['askToPersist'] = async () => true;

export const plainSourceOf: StorePlatform['plainSourceOf'] = async (place, { files }) => place.pathOf!(files[0]!);
