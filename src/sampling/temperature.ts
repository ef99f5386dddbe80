import { log, pow } from '../base/math.ts';
import { entropy, maxLogit, weigh, type Candidates, type SamplerLink } from './candidates.ts';

export interface TemperatureOptions {
  readonly temperature: number;
  readonly dynamicTemperatureRange: number;
  readonly dynamicTemperatureExponent: number;
}

/** Divides the logits by the temperature, counted from the largest one so that no quotient overflows. */
export function temperature(options: TemperatureOptions): SamplerLink {
  return {
    apply(c: Candidates): void {
      const t = options.dynamicTemperatureRange > 0 ? dynamicTemperature(c, options) : options.temperature;
      const max = maxLogit(c);
      const divisor = Math.max(t, Number.MIN_VALUE); // at 0 all but the best become -Infinity, and 0 / 0 must not be NaN
      for (let i = 0; i < c.n; i++) c.logits[i] = (c.logits[i]! - max) / divisor;
      c.weighed = false;
    },
  };
}

/**
 * Dynamic temperature (kalomaze, 2023): `temperature - range` when the model is certain, `temperature + range` when all
 * candidates are equally likely. Between these it follows the entropy, as a share of its largest value log(n).
 */
function dynamicTemperature(c: Candidates, options: TemperatureOptions): number {
  const { temperature, dynamicTemperatureRange: range, dynamicTemperatureExponent } = options;
  if (c.n < 2) return temperature;
  const total = weigh(c);
  const share = Math.max(0, entropy(c, total, log(total)) / log(c.n));
  const lowest = Math.max(0, temperature - range);
  return lowest + (temperature + range - lowest) * pow(share, dynamicTemperatureExponent);
}
