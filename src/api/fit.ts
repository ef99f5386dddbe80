import { checkNames, tagOf } from '../base/checks.ts';
import { isWebAddress, plainSource } from '../platform/model_source.ts';
import type { ModelSource } from '../platform/platform.ts';
import type { DeviceSpeed, Fit, HeaderSource } from '../protocol/fit.ts';
import type { Calls } from '../protocol/messages.ts';
import { isStoredSource } from '../store/is_stored.ts';
import { planOf } from '../store/sources.ts';
import type { StoredSource } from '../store/types.ts';
import type { CallSite } from './call_site.ts';
import type { CheckFitOptions, ProbeDeviceOptions } from './option_types.ts';
import type { modelStore } from './sources.ts';
import type { startEngine } from './start_engine.ts';
import { deviceMemory } from '#platform';

interface Asked {
  readonly site: CallSite;
  readonly startEngine: typeof startEngine;
  readonly modelStore: typeof modelStore;
}

const probeOptions = Object.keys({ threads: true, build: true, signal: true } satisfies Record<
  keyof ProbeDeviceOptions,
  true
>);

const fitOptions = Object.keys({
  nCtx: true,
  kvType: true,
  activations: true,
  threads: true,
  build: true,
  maxSessions: true,
  maxLogits: true,
  backend: true,
  speed: true,
  signal: true,
} satisfies Record<keyof CheckFitOptions, true>);

/** `fit_on_demand.ts` says what these do. */
export async function checkFit(
  source: ModelSource | StoredSource,
  options: CheckFitOptions,
  asked: Asked,
): Promise<Fit> {
  checkNames('option of checkFit', options, fitOptions);
  const { speed, signal, ...rest } = options;
  const question = { options: rest, device: await deviceMemory(), speed };
  return ask('fit', { source: await headerSource(source, asked), ...question }, signal, asked);
}

export async function probeDevice(options: ProbeDeviceOptions, asked: Asked): Promise<DeviceSpeed> {
  checkNames('option of probeDevice', options, probeOptions);
  const { signal, ...rest } = options;
  return ask('probe', rest, signal, asked);
}

/** Has an engine of its own answer one call. */
const ask = <K extends 'fit' | 'probe'>(
  call: K,
  args: Omit<Calls[K]['args'], 'files'>,
  signal: AbortSignal | undefined,
  { site, startEngine }: Asked,
): Promise<Calls[K]['result']> => {
  if (signal !== undefined && tagOf(signal) !== 'AbortSignal')
    throw new TypeError(`signal is ${tagOf(signal)}, expected the signal of an AbortController`);
  return startEngine(async (client, files) => {
    const hooks = { site, ...(signal && { signal }) };
    const result = await client.call(call, { ...args, files } as Calls[K]['args'], hooks);
    await client.terminate(new Error('the engine has answered'));
    return result;
  });
};

/** What the store has is read there, what it would download on the server. @throws TypeError for what would be read to its end. */
async function headerSource(source: ModelSource | StoredSource, { modelStore }: Asked): Promise<HeaderSource> {
  if (isStoredSource(source)) {
    if ('store' in source) return (await modelStore()).plainSource(source, {});
    const { name, files, headers } = planOf(source);
    const found = await modelStore().then(
      async (store) => ((await store.get(name))?.isComplete ? store.plainSource({ store: name }, {}) : undefined),
      () => undefined, // no storage here
    );
    return found ?? { url: files[0]!.url.href, headers };
  }
  if (isWebAddress(source)) return { url: String(source) };
  const isResponse = typeof source === 'object' && source !== null && 'body' in source;
  if (isResponse) throw new TypeError('a Response would be read to its end; give its address: checkFit(response.url)');
  return plainSource(source);
}
