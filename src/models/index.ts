import { UnsupportedError } from '../base/errors.ts';
import type { Metadata } from '../gguf/metadata.ts';
import type { Architecture } from './architecture.ts';
import { gemma3 } from './gemma3.ts';
import { llama } from './llama.ts';
import { qwen2 } from './qwen2.ts';
import { qwen3 } from './qwen3.ts';

/** Families that many models belong to; every other one stands in `more.ts`. */
export const common: readonly Architecture[] = [llama, qwen2, qwen3, gemma3];

export const everyArchitecture = async (): Promise<readonly Architecture[]> => [
  ...common,
  ...(await import('./more.ts')).more,
];

/** The family that `general.architecture` names. Models with experts may have the name of those without. */
export async function architectureOf(meta: Metadata): Promise<Architecture> {
  const name = meta.string('general.architecture');
  for (const as of meta.u32(`${name}.expert_count`, 0) === 0 ? [name] : [`${name} with experts`, name]) {
    const isNamed = ({ names }: Architecture) => names.includes(as);
    const found = common.find(isNamed) ?? (await everyArchitecture()).find(isNamed);
    if (found) return found;
  }
  const supported = (await everyArchitecture()).flatMap(({ names }) => names);
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
