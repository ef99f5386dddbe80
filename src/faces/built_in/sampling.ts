import type { SamplerOptions } from '../../sampling/options.ts';
import { wordOf } from './options.ts';

export type SamplingMode = 'most-predictable' | 'predictable' | 'balanced' | 'creative' | 'most-creative';

/** What the words stand for; `balanced` is what suits the model. */
const modes: Readonly<Record<SamplingMode, SamplerOptions>> = {
  'most-predictable': { temperature: 0 },
  predictable: { temperature: 0.4 },
  balanced: {},
  creative: { temperature: 1 },
  'most-creative': { temperature: 1.3, minP: 0.02 },
};

/** @throws TypeError for a mode beside the numbers, RangeError for numbers out of their range. */
export function samplingOf(options: {
  readonly topK?: number;
  readonly temperature?: number;
  readonly samplingMode?: SamplingMode;
}): SamplerOptions {
  const { topK, temperature, samplingMode } = options;
  if (samplingMode !== undefined) {
    if (topK !== undefined || temperature !== undefined)
      throw new TypeError('samplingMode says it all; leave topK and temperature out');
    return modes[wordOf('samplingMode', samplingMode, Object.keys(modes) as SamplingMode[], 'balanced')];
  }
  if (topK !== undefined && !(Number(topK) >= 1))
    throw new RangeError(`topK is ${topK}, expected a number of at least 1`);
  if (temperature !== undefined && !(Number(temperature) >= 0))
    throw new RangeError(`temperature is ${temperature}, expected a number of at least 0`);
  return {
    ...(topK !== undefined && { topK: Math.floor(Number(topK)) }),
    ...(temperature !== undefined && { temperature: Number(temperature) }),
  };
}
