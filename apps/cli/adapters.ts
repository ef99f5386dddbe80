/** Adapters on the command line: `--lora FILE=0.5`. */
import { existsSync } from 'node:fs';
import { ResourceError, type AdapterSource } from '../../src/index.ts';
import { UsageError, type Arguments, type OptionTable } from './command.ts';

export const adapterOptions = {
  lora: {
    value: 'FILE[=SCALE]',
    many: true,
    help: 'a LoRA adapter that is added to the model, with its scale (default 1); several may be given',
  },
  'control-vector': { value: 'FILE[=SCALE]', many: true, rare: true, help: 'a control vector, the same way' },
  'control-vector-layers': {
    value: 'FIRST-LAST',
    rare: true,
    help: 'the layers that control vectors are added behind (default: all that they have)',
  },
} as const satisfies OptionTable;

/** What the command line says of adapters; undefined where it names none. */
export function readAdapters(args: Arguments): AdapterSource[] | undefined {
  const layers = readLayers(args.text('control-vector-layers'));
  const vectors = args
    .texts('control-vector')
    .map((given) => ({ ...adapterOf('control-vector', given), ...(layers && { layers }) }));
  if (layers && vectors.length === 0)
    throw new UsageError('--control-vector-layers is for --control-vector; say both or none');
  const all = [...args.texts('lora').map((given) => adapterOf('lora', given)), ...vectors];
  return all.length === 0 ? undefined : all;
}

/** `FILE`, `FILE=0.5`, and `FILE:0.5` as llama.cpp has it. */
function adapterOf(option: string, given: string): { source: string; scale?: number } {
  if (existsSync(given)) return { source: given };
  const [, source = given, scale] = /^(.+)[=:]([^=:\\/]*)$/.exec(given) ?? [];
  if (source === '') throw new UsageError(`--${option} is empty, expected the path of a GGUF file`);
  if (scale === undefined || !existsSync(source)) {
    const missing = existsSync(source) ? given : source;
    throw new ResourceError(`cannot open ${missing}: there is no such file; check the path after --${option}`);
  }
  const number = scale.trim() === '' ? NaN : Number(scale);
  if (Number.isFinite(number)) return { source, scale: number };
  throw new UsageError(`the scale in --${option} ${given} is ${JSON.stringify(scale)}, expected a number: FILE=0.5`);
}

function readLayers(given: string | undefined): [number, number] | undefined {
  if (given === undefined) return undefined;
  const [, first, last] = /^(\d+)\s*[-–,: ]\s*(\d+)$/.exec(given.trim()) ?? [];
  if (first !== undefined && Number(first) >= 1 && Number(last) >= Number(first)) return [Number(first), Number(last)];
  throw new UsageError(`--control-vector-layers is ${JSON.stringify(given)}, expected two numbers from 1 on: 5-12`);
}
