import { expect, it } from 'vitest';
import { troubleOf } from '../../apps/chat/src/app/troubles.ts';

it.each([
  [
    'ResourceError: the GPU has no room for the weights, 96,000 bytes beside 16 in use (x); choose a smaller model',
    'processor',
  ],
  [
    "UnsupportedError: WebGPU finds no GPU here (its driver may be missing); open the model with backend: 'wasm'",
    'processor',
  ],
  ['ResourceError: the GPU cannot go on, it was lost: gone; the next call opens the model again', 'processor'],
  ["ResourceError: the engine's thread died without saying why", 'retry'],
  ['ResourceError: this model needs 96,000 bytes, which this device would not give; use a smaller nCtx', 'context'],
  ['QuotaExceededError: there is no room left', 'storage'],
])('%s: what helps is %s', (line, remedy) => {
  const { title, text, ...rest } = troubleOf(line);
  expect(rest).toEqual({ remedy });
  expect(`${title} ${text}`).not.toMatch(/nCtx|backend/);
});
