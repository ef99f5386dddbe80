import { FormatError } from '../base/errors.ts';
import { quoted } from '../gguf/limits.ts';
import type { GgufFile } from '../gguf/read.ts';
import { weight, type Value } from '../graph/graph.ts';
import type { AdapterFile, AdapterOptions, Base, Origin } from './adapter_parts.ts';

/** A row for each layer, `direction.1` and on (Zou et al. 2023, arXiv:2310.01405). */
export function readDirections({ tensors }: GgufFile, { dim, nLayers }: Base, { name, layers }: AdapterOptions): AdapterFile {
  const [first, last] = layers ?? [1, nLayers - 1];
  const weights = new Map<Value, Origin>();
  const directions = new Map<number, { row: Value; scale: number }[]>();
  for (const tensor of tensors.values()) {
    const layer = Number(/^direction\.([1-9]\d*)$/.exec(tensor.name)?.[1]);
    if (!(layer >= 1)) {
      throw new FormatError(`${name} has ${quoted(tensor.name)}, expected direction.1 to direction.${nLayers - 1}; damaged or mislabelled file?`);
    }
    if (layer >= nLayers || tensor.shape.join() !== String(dim)) {
      const came = `${name}: ${tensor.name} is [${tensor.shape.join(', ')}]`;
      throw new FormatError(`${came}, this model has ${nLayers} layers that hand on [${dim}]; a control vector for another model?`);
    }
    if (layer < first || layer > last) continue;
    const row = weight({ name: `${name}: ${tensor.name}`, quant: tensor.quant, shape: tensor.shape });
    weights.set(row, { tensor, offsetBytes: 0 });
    directions.set(layer, [{ row, scale: 1 }]);
  }
  if (tensors.size === 0) throw new FormatError(`${name} holds no tensors; incomplete file?`);
  if (weights.size === 0) {
    throw new RangeError(`layers of ${name} are ${first} to ${last}, where it has no directions; it has ${[...tensors.keys()].join(', ')}`);
  }
  return { kind: 'control vector', rank: 0, weights, additions: { products: new Map(), directions } };
}
