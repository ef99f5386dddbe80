/** Models that are on a server, or in the store: the folder that `thimble list` is about. */
import { env } from 'node:process';
import {
  modelStore,
  type DownloadProgress,
  type DownloadSource,
  type DownloadState,
  type ModelStore,
  type ModelStoreOptions,
  type StoredModel,
} from '../../src/index.ts';
import { offeredBy } from './catalogue.ts';
import { UsageError, type Arguments, type OptionTable } from './command.ts';
import { chooseFile, findOnHub, repoNameOf, type RepoName } from './hub.ts';
import { formatBytes, progressBar, remark, type Progress } from './terminal.ts';

/** `hf:org/repo@revision/file.gguf`; the revision may be left out. */
const hfAddress = /^hf:(?<repo>[^/]+\/[^/@]+)(?:@(?<revision>[^/]+))?\/(?<path>.+)$/;

/** Whether MODEL is an address: `hf:…`, https://…, or hf.co/… as people copy it. */
export const isAddress = (given: string): boolean =>
  /^(hf:|https?:\/\/|(www\.)?(hf\.co|huggingface\.co)\/)/i.test(given);

/** `HF_TOKEN` is what other programs call the key to the hub, and `HF_ENDPOINT` another hub. */
function hubAround() {
  const { HF_ENDPOINT: endpoint, HF_TOKEN: token } = env;
  return {
    ...(endpoint && { endpoint }),
    ...(token && { headers: { Authorization: `Bearer ${token}` } }),
  };
}

/** Whether MODEL stands for one on a server: an address, or a short name. */
export const isRemote = (given: string): boolean => isAddress(given) || offeredBy(given) !== undefined;

/** The same, and of the hub: hf:…, an address of it, or a short name. */
export const isOnHub = (given: string): boolean =>
  /^(hf:|(https?:\/\/)?(www\.)?(hf\.co|huggingface\.co)\/)/i.test(given) || offeredBy(given) !== undefined;

interface Finding {
  readonly store: ModelStore;
  readonly signal: AbortSignal;
}

/** What an address or a short name means. Of a repository, the hub is asked for its files where the store has none that will do. */
export async function sourceOf(given: string, { store, signal }: Finding): Promise<DownloadSource> {
  const offer = isAddress(given) ? undefined : offeredBy(given);
  if (offer) return { ...hubAround(), hf: offer.hf, name: offer.id, ...(offer.sha256 && { sha256: offer.sha256 }) };
  const repo = repoNameOf(given);
  if (repo) return (await hereOf(repo, store)) ?? findOnHub(repo, hubAround(), signal);
  if (/^hf:/i.test(given)) {
    const { repo: name, revision, path } = hfAddress.exec(given)?.groups ?? {};
    if (name === undefined)
      throw new UsageError(
        `${JSON.stringify(given)} names no model, expected hf:org/repo, hf:org/repo:Q4_K_M or hf:org/repo/file.gguf`,
      );
    return { ...hubAround(), hf: `${name}/${path}`, ...(revision && { revision }) };
  }
  const url = given.replace(/^(?!https?:)/i, 'https://');
  const isHub = /^https:\/\/((www\.)?huggingface\.co|hf\.co)\//i.test(url);
  const { headers } = hubAround();
  return { url, ...(isHub && headers ? { headers } : {}) };
}

/** A model of the repository that is here already, and is what is wanted of it. */
async function hereOf(repo: RepoName, store: ModelStore): Promise<DownloadSource | undefined> {
  const at = repo.revision === undefined ? '' : `@${repo.revision}`;
  const before = `hf:${repo.repo}${at}/`;
  const here = (await store.list()).filter(({ isComplete, from }) => isComplete && from.startsWith(before));
  if (here.length === 0) return undefined;
  try {
    const path = chooseFile(
      repo,
      here.map(({ from }) => from.slice(before.length)),
    );
    const { name } = here.find(({ from }) => from === `${before}${path}`)!;
    return { ...hubAround(), hf: `${repo.repo}/${path}`, name, ...(repo.revision && { revision: repo.revision }) };
  } catch {
    return undefined; // the hub has more
  }
}

/** Where a file's header can be read by ranges. */
export async function headerAddress(
  given: string,
  signal: AbortSignal,
): Promise<{
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
}> {
  const source = await sourceOf(given, { store: await modelStore(), signal });
  const { headers = {} } = source;
  if ('url' in source)
    return {
      url: String(source.url).replace(/^(https:\/\/(?:huggingface|hf)\.co\/.+)\/blob\//i, '$1/resolve/'),
      headers,
    };
  const [org, repo, ...path] = source.hf.split('/');
  const { endpoint = 'https://huggingface.co', revision = 'main' } = source;
  return { url: `${endpoint}/${org}/${repo}/resolve/${encodeURIComponent(revision)}/${path.join('/')}`, headers };
}

/** What a state that brings no bytes is called. */
const waiting: Partial<Record<DownloadState, string>> = {
  starting: 'asking the server',
  checking: 'checking what is there',
  waiting: 'waiting',
};

/** A bar that says how fast bytes come, how many are left, and what is waited for. */
export function transferBar(label: string): Progress & { tell(progress: DownloadProgress): void } {
  const bar = progressBar(label);
  let told: string | undefined;
  return {
    ...bar,
    tell({ state = 'running', doneBytes, totalBytes = 0, bytesPerSecond = 0, secondsLeft, reason }) {
      if (reason !== undefined && reason !== told) {
        bar.end();
        remark(`waiting: ${reason}`);
      }
      told = reason ?? told;
      const speed = bytesPerSecond > 0 ? `, ${formatBytes(bytesPerSecond)}/s` : '';
      const size = formatBytes(totalBytes > 0 ? totalBytes : doneBytes);
      bar.update(doneBytes, totalBytes, waiting[state] ?? `${size}${speed}${leftText(secondsLeft)}`);
    },
  };
}

function leftText(seconds: number | undefined): string {
  if (seconds === undefined) return '';
  if (seconds < 100) return `, ${Math.ceil(seconds)} s left`;
  return seconds < 6000 ? `, ${Math.ceil(seconds / 60)} min left` : `, ${(seconds / 3600).toFixed(1)} h left`;
}

interface Downloading {
  readonly signal: AbortSignal;
  readonly store?: ModelStore;
  readonly nConnections?: number | undefined;
}

/** Downloads what is missing of a model. */
export async function download(
  source: DownloadSource,
  { signal, store, nConnections }: Downloading,
): Promise<StoredModel> {
  const bar = transferBar('downloading');
  const into = store ?? (await modelStore());
  const options = { signal, onProgress: bar.tell, ...(nConnections && { nConnections }) };
  try {
    return await into.download(source, options).result;
  } catch (error) {
    bar.end();
    if (signal.aborted) remark('what has come is kept; the same command goes on');
    throw error;
  } finally {
    bar.end();
  }
}

/** The path of a model that an address, a name of the store, or a short name stands for; undefined where nothing is called so. */
export async function storedPath(given: string, signal: AbortSignal): Promise<string | undefined> {
  const store = await modelStore();
  const found = isAddress(given) ? undefined : await store.get(given).catch(() => undefined);
  if (found?.isComplete) return found.files[0]!.path;
  if (!isRemote(given)) return undefined;
  const source = await sourceOf(given, { store, signal });
  return (await download(source, { store, signal })).files[0]!.path;
}

export const directoryOption = {
  directory: { value: 'FOLDER', help: 'another folder for the models' },
} as const satisfies OptionTable;

/** The store that `--directory` names. */
export function readDirectory(args: Arguments): ModelStoreOptions {
  const directory = args.text('directory');
  if (directory === '') throw new UsageError('--directory is empty, expected a folder');
  return directory === undefined ? {} : { directory };
}
