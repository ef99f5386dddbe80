/** The store in Node: models in a folder, and jobs in the caller's thread, which has no page to keep waiting. */
import { join } from 'node:path';
import { cacheFolder } from '../platform/node_cache.ts';
import { folderPlace } from './folder.ts';
import { runJob } from './jobs.ts';
import type { StorePlatform } from './platform.ts';

const usualDirectory = (): string => process.env['THIMBLE_MODELS'] || join(cacheFolder(), 'models');

export const openPlace: StorePlatform['openPlace'] = async ({ directory = usualDirectory() }) => folderPlace(directory);

export const startJob: StorePlatform['startJob'] = (place, job, hooks) => runJob(place, job, hooks);

/** A page's browser is asked; nobody deletes a folder's files. */
export const askToPersist: StorePlatform['askToPersist'] = async () => true;

export const plainSourceOf: StorePlatform['plainSourceOf'] = async (place, { files }) => place.pathOf!(files[0]!);
