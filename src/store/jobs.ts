/** What takes long in a store. */
import { runDownload, type DownloadJob, type JobHooks } from './download.ts';
import { runImport, type ImportJob } from './import.ts';
import type { ModelRecord, Place } from './place.ts';

export type Job = DownloadJob | ImportJob;

export const runJob = (place: Place, job: Job, hooks: JobHooks): Promise<ModelRecord> =>
  'source' in job ? runDownload(place, job, hooks) : runImport(place, job, hooks);
