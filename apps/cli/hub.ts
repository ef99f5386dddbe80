/** Repositories of Hugging Face: which of their files somebody means. */
import { FormatError, ResourceError, type HfSource } from '../../src/index.ts';
import { suggestion, UsageError } from './command.ts';

/** A repository, and what is wanted of it: a file, a quantisation, or whatever is usual. */
export interface RepoName {
  readonly repo: string;
  readonly revision: string | undefined;
  /** `Q4_K_M`, or a file; undefined: the usual one. */
  readonly wanted: string | undefined;
}

/** `hf:org/repo`, `hf:org/repo:Q4_K_M`, `hf:org/repo:file.gguf`, each with `@revision` behind the repository; undefined for one with a path behind it. */
export function repoNameOf(given: string): RepoName | undefined {
  const found = /^hf:(?<repo>[\w.-]+\/[\w.-]+)(?:@(?<revision>[^/:]+))?(?::(?<wanted>.+))?$/i.exec(given)?.groups;
  return found && { repo: found['repo']!, revision: found['revision'], wanted: found['wanted'] };
}

/** Without a word about it people mean these, the first that there is. */
const usualTypes = ['Q4_K_M', 'Q4_0', 'Q4_K_S', 'Q4_1', 'IQ4_XS', 'Q5_K_M', 'Q8_0', 'Q6_K', 'F16', 'BF16'];

/** Files that lie beside models: the eyes of one, what its columns weigh. */
const isBeside = (path: string): boolean => /(^|\/)(mmproj|[^/]*imatrix)/i.test(path);

/** One file for each model of a repository, in shards or not. */
export const modelFiles = (paths: readonly string[]): string[] =>
  paths.filter(
    (path) => /\.gguf$/i.test(path) && !isBeside(path) && /(?<!-\d{5}-of-\d{5})\.gguf$|-00001-of-/i.test(path),
  );

/** Of files `x-Q4_0.gguf`, `x-UD-Q4_K_XL.gguf` … those of a type; dots and underscores count as part of it. */
const ofType = (paths: readonly string[], type: string): string[] => {
  const name = type.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return paths.filter((path) => new RegExp(`(^|[-./])${name}(?=[-./])`, 'i').test(path));
};

/** The types of files, as their names have them. */
const typesIn = (paths: readonly string[]): string[] => {
  const found = paths.map((path) => /(?<=[-./])((UD-)?I?Q\d\w*|B?F16|F32|MXFP4\w*|TQ\d_0)(?=[-./])/i.exec(path)?.[0]);
  return [...new Set(found.filter((type) => type !== undefined))];
};

/** The file that is meant, of those that a repository has. @throws ResourceError, with what there is */
export function chooseFile({ repo, wanted }: RepoName, paths: readonly string[]): string {
  const models = modelFiles(paths);
  if (models.length === 0) throw new ResourceError(`hf:${repo} has no GGUF files; look for a repository that has`);
  if (wanted === undefined) {
    const usual = usualTypes.map((type) => shortest(ofType(models, type))).find((path) => path !== undefined);
    if (usual !== undefined) return usual;
    if (models.length === 1) return models[0]!;
    throw new ResourceError(
      `hf:${repo} has several models; say which: ${models.map((path) => `hf:${repo}/${path}`).join(', ')}`,
    );
  }
  const isFile = /\.gguf$/i.test(wanted);
  const found = isFile
    ? models.find((path) => path === wanted || path.endsWith(`/${wanted}`))
    : shortest(ofType(models, wanted));
  if (found !== undefined) return found;
  const known = isFile ? models : typesIn(models);
  throw new ResourceError(
    `hf:${repo} has no ${wanted}${suggestion(wanted, known)}; it has ${known.join(', ') || models.join(', ')}`,
  );
}

/** Of several files of a type (`x-Q4_0.gguf`, `x-draft-Q4_0.gguf`) the plainest. */
const shortest = (paths: readonly string[]): string | undefined => [...paths].sort((a, b) => a.length - b.length)[0];

/** More pages of a listing nobody's repository has. */
const MOST_PAGES = 20;

/** The paths of all files of a repository. @throws ResourceError where the hub does not answer */
async function filesOf(
  { repo, revision = 'main' }: RepoName,
  { endpoint = 'https://huggingface.co', headers = {} }: Omit<HfSource, 'hf'>,
  signal: AbortSignal,
): Promise<string[]> {
  const paths: string[] = [];
  let next: string | undefined = `${endpoint}/api/models/${repo}/tree/${encodeURIComponent(revision)}?recursive=true`;
  for (let i = 0; next !== undefined && i < MOST_PAGES; i++) {
    const address: string = next;
    const response = await fetch(address, { headers, signal }).catch((cause: unknown) => {
      signal.throwIfAborted();
      throw new ResourceError(`${new URL(address).origin} cannot be reached; is there a network?`, { cause });
    });
    if (!response.ok) throw refused(repo, response);
    const page: unknown = await response.json().catch(() => undefined);
    if (!Array.isArray(page)) throw new FormatError(`${address} answered something else than a list of files`);
    for (const { type, path } of page as { type?: unknown; path?: unknown }[])
      if (type === 'file' && typeof path === 'string') paths.push(path);
    const link = /<([^>]+)>;\s*rel="next"/.exec(response.headers.get('Link') ?? '')?.[1];
    next = link && new URL(link, address).origin === new URL(address).origin ? link : undefined; // the key goes nowhere else
  }
  return paths;
}

function refused(repo: string, { status, statusText }: Response): ResourceError {
  const help =
    status === 401 || status === 403 || status === 404
      ? 'check the name; a private or gated model needs the key HF_TOKEN in the environment'
      : 'try again later';
  return new ResourceError(`hf:${repo} answered ${status} ${statusText}; ${help}`);
}

/** Asks the hub which file a name means. @throws UsageError, ResourceError */
export async function findOnHub(name: RepoName, around: Omit<HfSource, 'hf'>, signal: AbortSignal): Promise<HfSource> {
  if (name.wanted === '')
    throw new UsageError(`hf:${name.repo}: has nothing behind the colon, expected a type or file`);
  const path = chooseFile(name, await filesOf(name, around, signal));
  return { ...around, hf: `${name.repo}/${path}`, ...(name.revision && { revision: name.revision }) };
}
