import type { PlainSource } from '../platform/platform.ts';
import type { Job } from './jobs.ts';
import type { JobHooks } from './download.ts';
import type { ModelRecord, Place } from './place.ts';

export interface PlaceOptions {
  /** Node: the folder of the models. */
  readonly directory?: string | undefined;
}

/** Everything that differs between the store of a page and that of Node; `#store` in package.json's `imports` picks one. */
export interface StorePlatform {
  openPlace(options: PlaceOptions): Promise<Place>;
  /** Runs a job where it keeps nobody waiting. */
  startJob(place: Place, job: Job, hooks: JobHooks): Promise<ModelRecord>;
  /** Asks the browser not to delete what the site keeps. Nobody waits for the answer: it may be a person's. */
  askToPersist(): Promise<boolean>;
  /** A whole model, as it crosses to the engine's thread. */
  plainSourceOf(place: Place, record: ModelRecord): Promise<PlainSource>;
}
