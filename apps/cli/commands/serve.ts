import { hostname } from 'node:os';
import { env, stderr } from 'node:process';
import { modelStore, ResourceError, type DownloadSource, type OpenModelOptions } from '../../../src/index.ts';
import { serve as served, type RequestNote, type ServeOptions } from '../../../src/server.ts';
import { UsageError, type Arguments, type Command } from '../command.ts';
import { isOnHub, sourceOf } from '../downloads.ts';
import { modelOptions, readModelOptions } from '../models.ts';
import { readSampling, samplingOptions } from '../sampling.ts';
import { listen } from '../serve/http.ts';
import { allModels, folderModels, namedModels } from '../serve/sources.ts';
import { readChatTemplate, templateOption } from '../template_vars.ts';
import { harmlessName, printLine, remark } from '../terminal.ts';

const { speculate: _, 'n-draft': __, ...answerOptions } = samplingOptions; // they want a draft model

export const serve: Command = {
  summary: 'answer the requests of other programs: the APIs of OpenAI, Ollama and llama-server',
  usage: '[MODEL...] [options]',
  about: `Programs that talk to one of these find the same here: OpenAI's at http://127.0.0.1:8080/v1 (chat/completions, completions, responses, embeddings, rerank, models), Ollama's at /api (chat, generate, embed, tags, show, ps, pull, version), llama-server's /completion, /tokenize, /detokenize, /apply-template, /props, /health and /metrics.

Without MODEL all models of the store are there, and smollm2; with --folder those of a folder. One is opened when a request asks for it, and closed when nobody has for five minutes. A model that is the only one answers whatever name a request has.

Only programs on this machine are answered, and no page of another site, unless --host and --cors say otherwise. Ctrl-C and SIGTERM let answers under way come to their end. Each request is a line on stderr.`,
  positionals: [0, Infinity],
  options: {
    host: { value: 'ADDRESS', help: 'where to listen (default 127.0.0.1; 0.0.0.0 lets other machines in)' },
    port: { value: 'N', help: 'default 8080; 0 for any that is free' },
    alias: { value: 'NAME', help: 'what requests call the model (default: the name of its file)' },
    folder: { value: 'FOLDER', help: 'serve the models of a folder' },
    'api-key': {
      value: 'KEY',
      many: true,
      help: 'what requests must have; repeatable (THIMBLE_API_KEY does the same)',
    },
    cors: { value: 'ORIGIN', many: true, help: 'pages that may ask, as in https://example.org; repeatable; * for all' },
    'host-name': {
      value: 'NAME',
      many: true,
      help: 'a name that requests may call this machine by, as in llm.example.org; repeatable (its own, names without a dot and addresses may come anyhow, with --api-key any)',
    },
    pull: { help: 'let requests download models of the hub (/api/pull)' },
    keep: {
      value: 'TIME',
      help: 'how long a model stays open that nobody asks for, as in 30s, 5m (default), 2h, forever',
    },
    'max-models': { value: 'N', help: 'models that are open at a time (default: as many as are named, else 1)' },
    parallel: { value: 'N', help: 'answers of one model at a time (default 4); others wait' },
    quiet: { short: 'q', help: 'no line for each request' },
    'max-waiting': { value: 'N', rare: true, help: 'requests that may wait for a model (default 256)' },
    'max-body': { value: 'N', rare: true, help: 'longest request in bytes, as in 16m (default)' },
    timeout: { value: 'N', rare: true, help: 'seconds that one request may take (default 600)' },
    ...modelOptions,
    'chat-template': templateOption['chat-template'],
    ...answerOptions,
  },
  examples: [
    ['thimble serve smollm2', 'one model, at http://127.0.0.1:8080/v1'],
    ['thimble serve --folder ~/models --max-models 2 --keep 30m', 'any model of a folder'],
    ['thimble serve --host 0.0.0.0 --api-key "$KEY" --cors https://app.example', 'for other machines, and a page'],
  ],
  cleanUpMs: Infinity,
  async run(args, signal) {
    const place = { host: args.text('host') ?? '127.0.0.1', port: args.count('port', { min: 0, max: 65535 }) ?? 8080 };
    const options = await readServeOptions(args, place.host, signal);
    const server = served(options);
    try {
      const { address, close } = await listen(server.fetch, place);
      await printLine(`listening at ${address}`);
      if (!isLoopback(place.host) && options.apiKeys!.length === 0)
        remark('whoever reaches this machine may ask; --api-key KEY says who');
      remark(`OpenAI's API is at ${address}/v1, Ollama's at ${address}; Ctrl-C ends it`);
      await new Promise<void>((resolve) =>
        signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve()),
      );
      remark('ending; answers under way are finished first, a second Ctrl-C ends them, too');
      await Promise.all([close(), server.close()]);
    } catch (error) {
      await server.close();
      throw error;
    }
  },
};

async function readServeOptions(args: Arguments, host: string, signal: AbortSignal): Promise<ServeOptions> {
  const given = args.positionals;
  const [folder, alias] = [args.text('folder'), args.text('alias')];
  if (given.length > 0 && folder !== undefined)
    throw new UsageError('--folder is in place of MODEL; leave one of them out');
  const [maxModels, maxWaiting, maxBodyBytes, seconds] = ['max-models', 'max-waiting', 'max-body', 'timeout'].map(
    (name) => args.count(name),
  );
  const apiKeys = [...args.texts('api-key'), ...(env['THIMBLE_API_KEY'] ? [env['THIMBLE_API_KEY']] : [])];
  if (apiKeys.includes('')) throw new UsageError('--api-key is empty, expected a key');
  const keepMs = readKeep(args) ?? (given.length > 0 ? Infinity : undefined);
  return {
    ...(await modelsOf(given, { folder, alias }, signal)),
    ...{ apiKeys, origins: args.texts('cors'), open: readOpening(args), defaults: readSampling(args) },
    ...((isLoopback(host) || apiKeys.length === 0) && { hosts: hostsOf(host, args.texts('host-name')) }),
    ...{ maxModels: maxModels ?? Math.max(1, given.length), maxWaiting, maxBodyBytes },
    ...(keepMs !== undefined && { keepMs }),
    ...(seconds !== undefined && { timeoutMs: 1000 * seconds }),
    ...(args.flag('pull') && (await pulling(signal))),
    ...(!args.flag('quiet') && { onRequest: log }),
  };
}

/** Pages of other sites have no key; where none is asked for, their names must not lead here. */
const hostsOf = (host: string, names: readonly string[]): string[] => {
  const own = hostname().toLowerCase();
  return [...(isLoopback(host) ? ['localhost'] : [own, `${own}.local`]), host, ...names].map((name) =>
    name.toLowerCase(),
  );
};

const isLoopback = (host: string): boolean => /^((::ffff:)?127\.|localhost$|[0:]*:0*1$)/i.test(host);

interface Named {
  readonly folder: string | undefined;
  readonly alias: string | undefined;
}

async function modelsOf(given: readonly string[], { folder, alias }: Named, signal: AbortSignal) {
  if (alias !== undefined && (given.length !== 1 || alias === ''))
    throw new UsageError('--alias is a name for one MODEL; give one of each');
  if (given.length > 0) {
    const models = await namedModels(given, signal);
    return { models: alias === undefined ? models : { [alias]: Object.values(models)[0]! } };
  }
  if (folder === undefined) return allModels(signal);
  await folderModels(folder).catch((cause: unknown) => {
    throw new ResourceError(`cannot read the folder ${folder}: ${(cause as Error).message}`, { cause });
  });
  return { models: () => folderModels(folder) };
}

/** Models go into the store, which is then served, too. */
async function pulling(signal: AbortSignal): Promise<Pick<ServeOptions, 'store' | 'pull'>> {
  const store = await modelStore();
  const pull = async (name: string): Promise<DownloadSource | undefined> => {
    if (!isOnHub(name)) return undefined; // a client may not have any address of this network asked
    try {
      return await sourceOf(name, { store, signal });
    } catch (error) {
      throw error instanceof UsageError ? new RangeError(error.message, { cause: error }) : error;
    }
  };
  return { store, pull };
}

function readOpening(args: Arguments): OpenModelOptions {
  const chatTemplate = readChatTemplate(args);
  const { maxSessions: _, ...options } = readModelOptions(args);
  const maxSessions = args.count('parallel', { max: 1024 });
  return {
    ...options,
    ...(maxSessions !== undefined && { maxSessions }),
    ...(chatTemplate !== undefined && { chatTemplate }),
  };
}

const units: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000 };

function readKeep(args: Arguments): number | undefined {
  const given = args.text('keep');
  if (given === undefined) return undefined;
  if (given === 'forever' || given === '-1') return Infinity;
  const [, n, unit = 's'] = /^(\d+)([smh])?$/.exec(given) ?? [];
  if (n === undefined)
    throw new UsageError(`--keep is ${JSON.stringify(given)}, expected a time as in 30s, 5m or 2h, or forever`);
  return Number(n) * units[unit]!;
}

/** What a request was, how it was answered, by whom, how long it took. */
function log({ method, path, status, model, nPrompt, nAnswer, ms, error }: RequestNote): void {
  const time = new Date().toTimeString().slice(0, 8);
  const tokens = nPrompt === undefined ? [] : [`${nPrompt}${nAnswer === undefined ? '' : `+${nAnswer}`} tokens`];
  const parts = [
    time,
    method,
    path.slice(0, 200),
    status,
    ...(model === undefined ? [] : [model]),
    ...tokens,
    `${(ms / 1000).toFixed(2)} s`,
  ];
  stderr.write(`${harmlessName([...parts, ...(error === undefined ? [] : [error.slice(0, 300)])].join(' '))}\n`);
}
