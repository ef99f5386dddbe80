/** Models that are on a server, or in the store: the folder that `thimble models` is about. */
import { env } from 'node:process';
import {
  modelStore,
  type DownloadProgress,
  type DownloadSource,
  type DownloadState,
  type ModelStore,
  type StoredModel,
} from '../../src/index.ts';
import { UsageError } from './command.ts';
import { formatBytes, progressBar, remark, type Progress } from './terminal.ts';

/** `hf:org/repo@revision/file.gguf`; the revision may be left out. */
const hfAddress = /^hf:(?<repo>[^/]+\/[^/@]+)(?:@(?<revision>[^/]+))?\/(?<path>.+)$/;

/** Whether MODEL is an address: `hf:…`, https://…, or hf.co/… as people copy it. */
export const isAddress = (given: string): boolean =>
  /^(hf:|https?:\/\/|(www\.)?(hf\.co|huggingface\.co)\/)/i.test(given);

/** What an address means. `HF_ENDPOINT` and `HF_TOKEN` are what other programs call another hub and the key to it. */
export function sourceOf(given: string): DownloadSource {
  const { HF_ENDPOINT: endpoint, HF_TOKEN: token } = env;
  const headers = token ? { headers: { Authorization: `Bearer ${token}` } } : {};
  if (/^hf:/i.test(given)) {
    const { repo, revision, path } = hfAddress.exec(given)?.groups ?? {};
    if (repo === undefined)
      throw new UsageError(`${JSON.stringify(given)} names no file, expected hf:org/repo/file.gguf`);
    return { hf: `${repo}/${path}`, ...(revision && { revision }), ...(endpoint && { endpoint }), ...headers };
  }
  const url = given.replace(/^(?!https?:)/i, 'https://');
  const isHub = /^https:\/\/((www\.)?huggingface\.co|hf\.co)\//i.test(url);
  return { url, ...(isHub ? headers : {}) };
}

/** Where a file's header can be read by ranges. */
export function headerAddress(given: string): {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
} {
  const source = sourceOf(given);
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

/** The path of a model that an address or a name of the store stands for; undefined where the store has no such name. */
export async function storedPath(given: string, signal: AbortSignal): Promise<string | undefined> {
  if (isAddress(given)) return (await download(sourceOf(given), { signal })).files[0]!.path;
  const found = await (await modelStore()).get(given).catch(() => undefined);
  return found?.isComplete ? found.files[0]!.path : undefined;
}
