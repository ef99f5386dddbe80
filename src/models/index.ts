import { UnsupportedError } from '../base/errors.ts';
import type { Architecture } from './architecture.ts';
import { llama } from './llama.ts';
import { qwen2 } from './qwen2.ts';

/** Every family; adding one is a file here, a line here and a golden in the tests. */
export const architectures: readonly Architecture[] = [llama, qwen2];

/** The family that `general.architecture` names. */
export function architectureByName(name: string): Architecture {
  const found = architectures.find((architecture) => architecture.names.includes(name));
  if (found) return found;
  const supported = architectures.flatMap(({ names }) => names).join(', ');
  throw new UnsupportedError(`general.architecture is ${JSON.stringify(name)}; supported: ${supported}`);
}
