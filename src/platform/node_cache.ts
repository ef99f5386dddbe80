import { homedir } from 'node:os';
import { join } from 'node:path';

/** The folder in which programs of this system keep what can be had again. */
export function cacheFolder(): string {
  const { XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  const caches = {
    darwin: join(homedir(), 'Library', 'Caches'),
    win32: LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'),
  };
  const usual = caches[process.platform as keyof typeof caches] ?? XDG_CACHE_HOME ?? join(homedir(), '.cache');
  return join(usual, 'thimble');
}
