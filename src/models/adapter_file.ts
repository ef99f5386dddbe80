import { FormatError, UnsupportedError } from '../base/errors.ts';
import { quoted } from '../gguf/limits.ts';
import type { Metadata } from '../gguf/metadata.ts';
import type { GgufFile } from '../gguf/read.ts';
import type { AdapterFile, AdapterOptions, Base } from './adapter_parts.ts';
import { readDirections } from './control_vector.ts';
import { readLora } from './lora_file.ts';

/** Whether a file is to be added to a model, and is none. */
const adapterKind = (metadata: Metadata): AdapterFile['kind'] | undefined => {
  if (metadata.get('general.architecture')?.value === 'controlvector') return 'control vector';
  return metadata.get('general.type')?.value === 'adapter' ? 'lora' : undefined;
};

/** @throws FormatError, UnsupportedError for a file that cannot be added to this model. */
export function readAdapter(file: GgufFile, base: Base, options: AdapterOptions): AdapterFile {
  const kind = adapterKind(file.metadata);
  if (kind === 'control vector') return readDirections(file, base, options);
  if (kind === 'lora') return readLora(file, base, options);
  const what = `general.type is ${quoted(file.metadata.string('general.type', 'model'))}`;
  throw new FormatError(`${options.name} is no adapter: its ${what}, expected "adapter", or a control vector; open a model by itself`);
}

/** Why a file that is no model cannot be opened by itself. */
export function notAModel(file: GgufFile): UnsupportedError {
  const { name } = file.sources[0]!;
  const kind = adapterKind(file.metadata);
  if (kind === undefined) return new UnsupportedError(`${name} ${otherKind(file)}`);
  const hint =
    file.metadata.string('controlvector.model_hint', undefined) ?? file.metadata.string('general.architecture', '');
  const [what, option] = kind === 'lora' ? ['a LoRA adapter', 'lora'] : ['a control vector', 'control-vector'];
  const how = 'openModel(model, { adapters: [file] })';
  return new UnsupportedError(
    `${name} is ${what} and no model; open the model that it was made for (${hint}) with it: ${how}, or thimble run MODEL --${option} FILE`,
  );
}

function otherKind({ metadata, tensors }: GgufFile): string {
  const type = metadata.get('general.type')?.value;
  if (type === 'imatrix') return 'is an importance matrix and no model; thimble quantize MODEL OUT MIX --imatrix FILE reads it';
  if (type === 'mmproj' || metadata.get('general.architecture')?.value === 'clip')
    return 'is what gives a model eyes or ears (mmproj) and no model; thimble reads text alone: open the model that it belongs to, without it';
  if (tensors.size === 0 && (type ?? 'model') === 'model')
    return 'has a vocabulary at most, and no weights; open the model that it belongs to';
  return `is no model: its general.type is ${quoted(String(type))}; open one of type "model"`;
}
