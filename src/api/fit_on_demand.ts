import type { ModelSource } from '../platform/platform.ts';
import type { DeviceSpeed, Fit } from '../protocol/fit.ts';
import type { StoredSource } from '../store/types.ts';
import { callSite } from './call_site.ts';
import type { CheckFitOptions, ProbeDeviceOptions } from './option_types.ts';
import { modelStore } from './sources.ts';
import { startEngine } from './start_engine.ts';

/** What loads on demand is given what a page has anyway: imported by both, it would be a script of its own. */
const asking = () => ({ site: callSite(), startEngine, modelStore });

/**
 * Whether a model would run on this device, by its header alone: of a web address no more is read. In a thread of its own.
 *
 *     const fit = await checkFit('https://…/model.gguf', { nCtx: 4096, speed: await probeDevice() });
 *     if (fit.verdict === 'no') show(fit.reason, fit.remedy);
 *
 * @param source what `openModel` takes, or a web address. `{ url }` and `{ hf }` are not downloaded.
 * @throws what `openModel` throws by a model's header: FormatError, UnsupportedError; ResourceError where it cannot be read; AbortError.
 */
export async function checkFit(source: ModelSource | StoredSource, options: CheckFitOptions = {}): Promise<Fit> {
  const asked = asking();
  return (await import('./fit.ts')).checkFit(source, options, asked);
}

/**
 * Measures for about a second how fast this device runs the kernels, in a thread of its own. What it returns is plain JSON: keep it, and
 * give it to `checkFit` as `speed`.
 */
export async function probeDevice(options: ProbeDeviceOptions = {}): Promise<DeviceSpeed> {
  const asked = asking();
  return (await import('./fit.ts')).probeDevice(options, asked);
}
