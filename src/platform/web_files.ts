import type { HttpOptions } from '../bytes/http.ts';
import type { ModelFiles } from './platform.ts';

/** A model on a web server, read by ranges. The other shards lie beside the first one, with the same query. */
export async function webFiles(url: URL, options: HttpOptions): Promise<ModelFiles> {
  const { openHttpFile } = await import('../bytes/http.ts'); // few programs want it
  const openSibling = (name: string) => {
    const sibling = new URL(url);
    sibling.pathname = sibling.pathname.replace(/[^/]*$/, encodeURIComponent(name));
    return openHttpFile(sibling, options);
  };
  return { first: await openHttpFile(url, options), openSibling };
}
