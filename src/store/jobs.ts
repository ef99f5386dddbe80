/** What takes long in a store. */
import type { PlainSource, StoredFiles } from '../platform/platform.ts';
import { runDownload, type DownloadJob, type JobHooks } from './download.ts';
import { runImport } from './import.ts';
import type { ModelRecord, Place } from './place.ts';

export interface ImportJob {
  readonly from: Exclude<PlainSource, StoredFiles>;
  readonly name: string | undefined;
}

export type Job = DownloadJob | ImportJob;

export const runJob = (place: Place, job: Job, hooks: JobHooks): Promise<ModelRecord> =>
  'source' in job ? runDownload(place, job, hooks) : runImport(place, job, hooks);
