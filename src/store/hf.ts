/** What Hugging Face says of files, apart from them: pages do not see the headers of its redirects. */
import { failing } from '../bytes/http.ts';
import { asError } from '../base/errors.ts';
import type { HfPlace, Plan } from './sources.ts';
import { deadline, stopped, troubled } from './trouble.ts';

/** The SHA-256 of files by their name, of those that it knows. Its answer is checked as far as it is used. */
export async function hfHashes(
  { endpoint, repo, revision, path }: HfPlace,
  { headers, files }: Pick<Plan, 'headers' | 'files'>,
  { signal, stallMs }: { readonly signal: AbortSignal; readonly stallMs: number },
): Promise<ReadonlyMap<string, string>> {
  const folder = path.slice(0, path.length - path.split('/').at(-1)!.length);
  const url = `${endpoint}/api/models/${repo}/paths-info/${encodeURIComponent(revision)}`;
  const { own, end } = deadline(signal, stallMs);
  const ask = async (): Promise<unknown> => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { ...headers, 'Content-Type': 'application/json' },
      body: JSON.stringify({ paths: files.map(({ name }) => `${folder}${name}`) }),
      signal: own,
    }).catch(failing(url));
    return response.ok ? response.json().catch(() => undefined) : undefined;
  };
  const told = await ask()
    .catch((error: unknown) => {
      throw signal.aborted ? stopped(signal) : troubled('passing', asError(error));
    })
    .finally(end);
  const found = new Map<string, string>();
  if (!Array.isArray(told)) return found;
  for (const entry of told as { path?: unknown; lfs?: { oid?: unknown } }[]) {
    const { path, lfs } = entry ?? {};
    const oid = lfs?.oid;
    if (typeof path !== 'string' || typeof oid !== 'string' || !/^[0-9a-f]{64}$/i.test(oid)) continue;
    found.set(path.slice(folder.length), oid.toLowerCase());
  }
  return found;
}
