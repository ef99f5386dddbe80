/** What a source says: which files to fetch from where, and what to call the model. */
import { checkNames, kindOf } from '../base/checks.ts';
import { mixBits } from '../base/numbers.ts';
import { formatShardName, parseShardName } from '../gguf/shard_names.ts';
import type { ChunkHashes, DownloadSource, HfSource, UrlSource } from './types.ts';

/** A file that is to be fetched. */
export interface Wanted {
  readonly name: string;
  readonly url: URL;
  readonly sha256: string | undefined;
  readonly chunks: ChunkHashes | undefined;
}

export interface HfPlace {
  readonly endpoint: string;
  /** `org/repo`. */
  readonly repo: string;
  readonly revision: string;
  /** Of the first file, inside the repository. */
  readonly path: string;
}

export interface Plan {
  /** What the store calls the model. */
  readonly name: string;
  /** Tells sources apart; holds no secrets. */
  readonly from: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly files: readonly Wanted[];
  readonly hf: HfPlace | undefined;
}

const usualEndpoint = 'https://huggingface.co';

/** @throws TypeError for what is no source. */
export function planOf(source: DownloadSource): Plan {
  if (typeof source !== 'object' || source === null)
    throw new TypeError(`the source is ${kindOf(source)}, expected { url } or { hf: 'org/repo/file.gguf' }`);
  return 'hf' in source ? hfPlan(source) : urlPlan(source);
}

const expectedNames = ['sha256', 'chunks', 'headers', 'name'];

function urlPlan(source: UrlSource): Plan {
  checkNames('part of a source', source, ['url', ...expectedNames]);
  const url = checkedUrl(source.url);
  const hf = hfPlaceOf(url);
  if (hf) {
    const { url: _, ...rest } = source;
    return hfPlan({ ...rest, hf: `${hf.repo}/${hf.path}`, revision: hf.revision, endpoint: hf.endpoint });
  }
  const fileName = decoded(url.pathname.split('/').at(-1)!) || 'model';
  return planned(source, { url, fileName, usualName: fileName, from: identityOf(url), hf: undefined });
}

function checkedUrl(given: string | URL): URL {
  let url: URL | undefined;
  try {
    url = new URL(given, globalThis.location?.href);
  } catch {
    // said below
  }
  const shown = String(given)
    .replace(/[?#].*/s, '')
    .replace(/\/\/.*@/s, '//…@');
  if (!url || !/^https?:$/.test(url.protocol))
    throw new TypeError(`${JSON.stringify(shown)} is no address of a web server, expected https://…`);
  if (url.username === '' && url.password === '') return url;
  throw new TypeError(
    `${JSON.stringify(shown)} has a name or a password in it, which no browser sends; give them as headers: { Authorization }`,
  );
}

/**
 * An address without what may be secret. Where the path names a GGUF file, the query holds no more than keys; where it does not, the
 * query may say which file, and its fingerprint stands for it.
 */
function identityOf({ origin, pathname, search }: URL): string {
  if (search === '' || /\.gguf$/i.test(pathname)) return `${origin}${pathname}`;
  return `${origin}${pathname}?${[0, 1].map((seed) => fingerprint(search, seed)).join('')}`;
}

/** Eight digits that tell texts apart (FNV-1a). */
function fingerprint(text: string, seed: number): string {
  let hash = 0x811c9dc5 ^ seed;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (mixBits(hash) >>> 0).toString(16).padStart(8, '0');
}

/** An address at Hugging Face: that of the file, or of the page about it. */
function hfPlaceOf({ origin, hostname, pathname }: URL): HfPlace | undefined {
  if (!/^(www\.)?(huggingface\.co|hf\.co)$/.test(hostname)) return undefined;
  const found = /^\/(?<repo>[^/]+\/[^/]+)\/(?:resolve|blob)\/(?<revision>[^/]+)\/(?<path>.+)$/.exec(pathname)?.groups;
  if (!found) return undefined;
  const { repo, revision, path } = found as Record<'repo' | 'revision' | 'path', string>;
  return { endpoint: origin, repo, revision: decoded(revision), path: decoded(path) };
}

function hfPlan(source: HfSource): Plan {
  checkNames('part of a source', source, ['hf', 'revision', 'endpoint', ...expectedNames]);
  const { hf, revision = 'main', endpoint = usualEndpoint } = source;
  const found = typeof hf === 'string' ? /^(?<repo>[\w.-]+\/[\w.-]+)\/(?<path>.*[^/])$/.exec(hf)?.groups : undefined;
  if (!found) throw new TypeError(`hf is ${JSON.stringify(hf)}, expected a file of a repository: 'org/repo/file.gguf'`);
  const { repo, path } = found as Record<'repo' | 'path', string>;
  const place = { endpoint: checkedUrl(endpoint).origin, repo, revision, path };
  const at = revision === 'main' ? '' : `@${revision}`;
  return planned(source, {
    url: hfFileUrl(place, path),
    fileName: path.split('/').at(-1)!,
    usualName: `${repo}${at}/${path}`,
    from: `hf:${repo}${at}/${path}`,
    hf: place,
  });
}

const hfFileUrl = ({ endpoint, repo, revision }: HfPlace, path: string): URL =>
  new URL(
    `${endpoint}/${repo}/resolve/${encodeURIComponent(revision)}/${path.split('/').map(encodeURIComponent).join('/')}`,
  );

interface First {
  readonly url: URL;
  readonly fileName: string;
  readonly usualName: string;
  readonly from: string;
  readonly hf: HfPlace | undefined;
}

function planned(source: DownloadSource, { url, fileName, usualName, from, hf }: First): Plan {
  const { sha256, chunks, headers = {}, name = usualName } = source;
  const shard = parseShardName(fileName);
  if (shard && shard.shardIndex > 0) {
    const first = formatShardName({ ...shard, shardIndex: 0 });
    throw new TypeError(
      `${fileName} is shard ${shard.shardIndex + 1} of ${shard.nShards}; give the first one, ${first}`,
    );
  }
  const names = shard
    ? Array.from({ length: shard.nShards }, (_, shardIndex) => formatShardName({ ...shard, shardIndex }))
    : [fileName];
  const hashes = checkedHashes(sha256, names.length);
  const files = names.map((each, i) => ({
    name: each,
    url: i === 0 ? url : siblingUrl(url, each), // as it was given: servers do not agree about what is the same
    sha256: hashes[i],
    chunks,
  }));
  checkChunks(chunks, names.length);
  return { name: checkedName(name), from, headers, files, hf };
}

function siblingUrl(url: URL, name: string): URL {
  const sibling = new URL(url);
  sibling.pathname = sibling.pathname.replace(/[^/]*$/, encodeURIComponent(name));
  return sibling;
}

const isHash = (text: unknown): text is string => typeof text === 'string' && /^[0-9a-f]{64}$/i.test(text);

function checkedHashes(
  sha256: string | readonly string[] | undefined,
  nFiles: number,
): readonly (string | undefined)[] {
  if (sha256 === undefined) return [];
  const hashes = typeof sha256 === 'string' ? [sha256] : sha256;
  const bad = Array.from(hashes).find((hash) => !isHash(hash));
  if (bad !== undefined) throw new TypeError(`sha256 is ${JSON.stringify(bad)}, expected 64 hexadecimal digits`);
  if (hashes.length !== nFiles)
    throw new TypeError(`sha256 has ${hashes.length} hashes, expected ${nFiles}, one for each shard`);
  return hashes.map((hash) => hash.toLowerCase());
}

function checkChunks(chunks: ChunkHashes | undefined, nFiles: number): void {
  if (chunks === undefined) return;
  checkNames('part of chunks', chunks, ['bytes', 'sha256', 'root']);
  const { bytes, sha256, root } = chunks;
  if (nFiles > 1) throw new TypeError(`chunks are for models in one file, this one has ${nFiles}; give sha256`);
  if (!Number.isSafeInteger(bytes) || bytes < 1)
    throw new RangeError(`chunks.bytes is ${bytes}, expected a whole number of at least 1`);
  if (sha256 === undefined && root === undefined) throw new TypeError('chunks has neither sha256 nor root; give one');
  if (root !== undefined && !isHash(root))
    throw new TypeError(`chunks.root is ${JSON.stringify(root)}, expected 64 hexadecimal digits`);
  const bad = sha256?.find((hash) => !isHash(hash));
  if (bad !== undefined)
    throw new TypeError(`chunks.sha256 has ${JSON.stringify(bad)}, expected 64 hexadecimal digits`);
}

/** Names are parts of paths in Node. */
export function checkedName(name: unknown): string {
  const parts = typeof name === 'string' ? name.split('/') : [];
  const isBad = (part: string): boolean =>
    /^\.*$|[\0-\x1f\\:*?"<>|\p{Cs}]|[. ]$|^\.thimble|\.part$/iu.test(part) ||
    new TextEncoder().encode(part).length > 240;
  if (parts.length > 0 && !parts.some(isBad) && (name as string).length <= 240) return name as string;
  throw new TypeError(
    `the name ${JSON.stringify(name)} is none for a model, expected one as files have, with / between folders`,
  );
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
