/** The model that comes with the app, from the app's own host. */
import { embedded } from './catalogue.ts';
import type { DownloadSource } from './store.ts';

/** Its first shard stands for all. */
export const embeddedSource = (): DownloadSource => ({
  url: new URL(EMBEDDED_MODEL.urls[0]!, document.baseURI).href,
  name: embedded.id,
});
