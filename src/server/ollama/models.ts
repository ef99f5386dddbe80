/** What Ollama's API says about models. */
import { bodyOf, modelOf, type Context } from '../context.ts';
import { HttpError } from '../http_error.ts';
import { boolean, needed, readParameters, text, unseen } from '../parameters.ts';
import { json, ndjson } from '../respond.ts';
import type { ListedModel, Looked, ModelHeader, PullProgress, RunningModel } from '../served.ts';

/** What is not known before a model is opened is empty. */
function detailsOf(info: ModelHeader | undefined) {
  return {
    parent_model: '',
    format: 'gguf',
    family: info?.architecture ?? '',
    families: info ? [info.architecture] : [],
    parameter_size: info ? sizeText(info.nParams) : '',
    quantization_level: '',
  };
}

const sizeText = (n: number): string =>
  n >= 1e9 ? `${(n / 1e9).toFixed(1)}B` : n >= 1e6 ? `${(n / 1e6).toFixed(1)}M` : `${(n / 1e3).toFixed(1)}K`;

const named = ({ name, sizeBytes = 0, addedAt = 0, sha256 = '' }: ListedModel) => ({
  ...{ name, model: name, size: sizeBytes, digest: sha256 },
  modified_at: new Date(addedAt).toISOString(),
});

export async function tags({ served }: Context): Promise<Response> {
  const open = new Map(served.running().map(({ name, info }) => [name, info]));
  const models = (await served.list()).map((listed) => ({
    ...named(listed),
    details: detailsOf(open.get(listed.name)),
  }));
  return json({ models });
}

/** Later than any model is kept. */
const never = '9999-12-31T23:59:59Z';

const runningOf = ({ name, info, expiresAt }: RunningModel) => ({
  ...{
    name,
    model: name,
    size: info.weightBytes,
    digest: '',
    details: detailsOf(info),
    size_vram: info.gpu ? info.weightBytes : 0,
  },
  expires_at: expiresAt === undefined ? never : new Date(expiresAt).toISOString(),
  context_length: info.nCtx,
});

export const ps = ({ served }: Context): Response => json({ models: served.running().map(runningOf) });

/** Clients ask this of every model that there is: none of them is opened where its file can be looked at. */
async function lookedAt(context: Context, asked: string): Promise<Looked> {
  const looked = await context.served.look(asked, context.signal);
  if (looked) return looked;
  const { name, model } = await modelOf(context, asked);
  return { name, info: model.info };
}

export async function show(context: Context): Promise<Response> {
  const { given } = readParameters(
    await bodyOf(context),
    { model: { check: text }, name: { check: text } } as const,
    'ignore',
  );
  const { name, info } = await lookedAt(context, needed(given.model ?? given.name, 'model'));
  const listed = (await context.served.list()).find((each) => each.name === name);
  const { architecture } = info;
  return json({
    details: detailsOf(info),
    model_info: {
      'general.architecture': architecture,
      'general.basename': info.name,
      'general.parameter_count': info.nParams,
      [`${architecture}.block_count`]: info.nLayers,
      [`${architecture}.context_length`]: info.nCtxTrain,
      [`${architecture}.embedding_length`]: info.dim,
    },
    parameters: Object.entries(info.sampling)
      .map(([name, value]) => `${snake(name).padEnd(30)} ${JSON.stringify(value)}`)
      .join('\n'),
    capabilities: capabilitiesOf(info),
    modified_at: new Date(listed?.addedAt ?? 0).toISOString(),
  });
}

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function capabilitiesOf({ embeds, ranks, noChat, thoughts }: ModelHeader): string[] {
  if (embeds) return ['embedding'];
  if (ranks) return ['rerank'];
  return ['completion', ...(noChat === undefined ? ['tools'] : []), ...(thoughts ? ['thinking'] : [])];
}

const pullTable = {
  model: { check: text },
  name: { check: text },
  stream: { check: boolean },
  insecure: unseen,
} as const;

export async function pull(context: Context): Promise<Response> {
  const { given } = readParameters(await bodyOf(context), pullTable, 'ignore');
  const name = needed(given.model ?? given.name, 'model');
  if (!context.served.pull) throw new HttpError(403, 'this server downloads no models; thimble serve --pull does');
  context.mayTakeLong();
  const lines = linesOfPull(context, name);
  if (given.stream ?? true) return context.stream(lines, ndjson);
  for await (const _ of lines); // until it is here
  return json({ status: 'success' });
}

/** Progress as it comes; what comes faster than it is read is told once. */
async function* linesOfPull({ served, signal }: Context, name: string): AsyncGenerator<object> {
  yield { status: 'pulling manifest' };
  let latest: PullProgress | undefined;
  let wake: () => void = () => undefined;
  let isDone = false;
  const pulling = served.pull!(
    name,
    (progress) => {
      latest = progress;
      wake();
    },
    signal,
  ).finally(() => {
    isDone = true;
    wake();
  });
  pulling.catch(() => undefined); // awaited below
  for (;;) {
    if (latest) {
      const { doneBytes, totalBytes } = latest;
      latest = undefined;
      yield {
        status: `pulling ${name}`,
        digest: '',
        completed: doneBytes,
        ...(totalBytes !== undefined && { total: totalBytes }),
      };
    } else if (isDone) break;
    else await new Promise<void>((resolve) => (wake = resolve));
  }
  await pulling;
  yield { status: 'success' };
}

/** The version of Ollama's API that this is like: clients compare it. */
export const version = (): Response => json({ version: '0.12.0' });
