import { UnsupportedError } from '../base/errors.ts';
import type { Architecture } from './architecture.ts';
import { bitnet } from './bitnet.ts';
import { ernie4_5 } from './ernie4_5.ts';
import { exaone4 } from './exaone4.ts';
import { gemma } from './gemma.ts';
import { gemma2 } from './gemma2.ts';
import { gemma3 } from './gemma3.ts';
import { gemma4 } from './gemma4.ts';
import { glm4 } from './glm4.ts';
import { granite } from './granite.ts';
import { granite_swa } from './granite_swa.ts';
import { hunyuan } from './hunyuan.ts';
import { llama } from './llama.ts';
import { minicpm } from './minicpm.ts';
import { mistral3 } from './mistral3.ts';
import { olmo2 } from './olmo2.ts';
import { phi3 } from './phi3.ts';
import { qwen2 } from './qwen2.ts';
import { qwen3 } from './qwen3.ts';
import { smollm3 } from './smollm3.ts';

/** Every family; adding one is a file here, a line here and a golden in the tests. */
export const architectures: readonly Architecture[] = [
  llama,
  qwen2,
  qwen3,
  gemma,
  gemma2,
  gemma3,
  gemma4,
  smollm3,
  phi3,
  granite,
  granite_swa,
  olmo2,
  mistral3,
  exaone4,
  hunyuan,
  ernie4_5,
  glm4,
  minicpm,
  bitnet,
];

/** The family that `general.architecture` names. */
export function architectureByName(name: string): Architecture {
  const found = architectures.find((architecture) => architecture.names.includes(name));
  if (found) return found;
  const supported = architectures.flatMap(({ names }) => names);
  const nearest = nearestOf(name, supported);
  const advice = nearest ? `a ${nearest} model is the nearest to it` : 'choose a model of one of these families';
  throw new UnsupportedError(
    `general.architecture is ${JSON.stringify(name)}; supported: ${supported.join(', ')}; ${advice}`,
  );
}

/** The name that begins most alike, by three letters or more: relatives are named after each other. */
function nearestOf(name: string, supported: readonly string[]): string | undefined {
  const alike = (other: string): number => {
    let n = 0;
    while (n < name.length && name[n] === other[n]) n++;
    return n;
  };
  const [best] = [...supported].sort((a, b) => alike(b) - alike(a));
  return alike(best!) < 3 ? undefined : best;
}
