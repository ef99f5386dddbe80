import { FormatError, UnsupportedError } from '../base/errors.ts';
import { quoted } from '../gguf/limits.ts';
import type { Metadata } from '../gguf/metadata.ts';
import type { GgufFile, GgufTensor } from '../gguf/read.ts';
import { weight, type Value } from '../graph/graph.ts';
import { bytesOf } from '../graph/tensor.ts';
import type { AdapterFile, AdapterOptions, Base, Origin } from './adapter_parts.ts';

/** A LoRA adapter in llama.cpp's form. */
export function readLora({ metadata, tensors }: GgufFile, base: Base, { name, layers }: AdapterOptions): AdapterFile {
  checkLora(metadata, base, name);
  if (layers) throw new RangeError(`layers are given for ${name}, which is a LoRA adapter; they are for control vectors`);
  const alpha = metadata.f32('adapter.lora.alpha', 0);
  const weights = new Map<Value, Origin>();
  const products = new Map<string, { a: Value; b: Value; scale: number }[]>();
  let rank = 0;
  const placed = (named: string, shape: readonly number[], tensor: GgufTensor, offsetBytes = 0): Value => {
    const value = weight({ name: `${name}: ${named}`, quant: tensor.quant, shape });
    weights.set(value, { tensor, offsetBytes });
    return value;
  };
  for (const target of targetsOf(tensors, name)) {
    const pair = pairOf(tensors, base, { target, name });
    const scale = alpha === 0 ? 1 : alpha / pair.rank;
    rank = Math.max(rank, pair.rank);
    const a = placed(pair.a.name, pair.aShape, pair.a);
    let row = 0;
    for (const part of partsOf(base, target)) {
      const rows = target === TABLE ? base.dim : part.shape[0]!;
      const offsetBytes = row * bytesOf({ quant: pair.b.quant, shape: [pair.rank] });
      const bName = part.name === target ? pair.b.name : `${pair.b.name}, rows of ${part.name}`; // a file may have a pair of the part, too
      const b = placed(bName, [rows, pair.rank], pair.b, offsetBytes);
      row += rows;
      products.set(part.name, [...(products.get(part.name) ?? []), { a, b, scale }]);
    }
  }
  return { kind: 'lora', rank, weights, additions: { products, directions: new Map() } };
}

const TABLE = 'token_embd.weight';

function checkLora(metadata: Metadata, { architecture }: Base, name: string): void {
  const type = metadata.string('adapter.type', 'missing');
  if (type !== 'lora') throw new UnsupportedError(`${name}: adapter.type is ${quoted(type)}, supported: "lora"`);
  const made = metadata.string('general.architecture', architecture);
  if (made !== architecture) {
    throw new FormatError(`${name} was made for a model of the family ${quoted(made)}, this one is ${quoted(architecture)}; open the model that it was made for`);
  }
  const invocation = metadata.get('adapter.alora.invocation_tokens');
  const isActivated = invocation?.type === 'array' && invocation.value.length > 0;
  if (isActivated) {
    const why = 'it begins to work behind certain tokens (adapter.alora.invocation_tokens), which this build does not support';
    throw new UnsupportedError(`${name} is an activated LoRA: ${why}; use a plain LoRA adapter`);
  }
}

/** Names of the weights that the file's pairs are for. */
function targetsOf(tensors: GgufFile['tensors'], name: string): Set<string> {
  const targets = new Set<string>();
  for (const tensor of tensors.keys()) {
    const [, target] = /^(.+)\.lora_[ab]$/.exec(tensor) ?? [];
    if (target === undefined) throw notOfPair(tensor, name);
    targets.add(target);
  }
  if (targets.size === 0) throw new FormatError(`${name} holds no tensors; incomplete file?`);
  return targets;
}

function notOfPair(tensor: string, name: string): Error {
  if (!tensor.endsWith('_norm.weight')) {
    return new FormatError(`${name} has ${quoted(tensor)}, expected pairs of .lora_a and .lora_b; damaged or mislabelled file?`);
  }
  const help = 'merge the adapter into the model, or convert it without its norms';
  return new UnsupportedError(`${name} has ${quoted(tensor)}, a norm in place of the model's, which this build does not support; ${help}`);
}

interface Pair {
  readonly a: GgufTensor;
  readonly aShape: readonly number[];
  readonly b: GgufTensor;
  readonly rank: number;
}

/** The two matrices of one weight, which fit each other and it. */
function pairOf(tensors: GgufFile['tensors'], base: Base, { target, name }: { target: string; name: string }): Pair {
  const [a, b] = [tensors.get(`${target}.lora_a`), tensors.get(`${target}.lora_b`)];
  if (!a || !b) {
    throw new FormatError(`${name} has ${quoted(`${target}.lora_${a ? 'a' : 'b'}`)} without its .lora_${a ? 'b' : 'a'}; incomplete file?`);
  }
  const stored = base.stored.get(target) ?? base.tensors.get(target);
  if (!stored) {
    throw new FormatError(`${name} changes ${quoted(target)}, which this model does not have; an adapter for another model?`);
  }
  if (stored.shape.length === 3) throw ofExperts(name, target, stored.shape[0]!);
  const aShape = a.shape.length === 1 ? [1, a.shape[0]!] : a.shape; // writers leave out a first dimension of 1
  const rank = b.shape[1] ?? 0;
  const [rows, cols] = stored.shape;
  const expected = target === TABLE ? [rows, rank, cols, rank] : [rank, cols, rows, rank];
  const fits = stored.shape.length === 2 && [...aShape, ...b.shape].join() === expected.join();
  if (!fits || rank < 1) throw notFitting(name, target, [aShape, b.shape, stored.shape]);
  return { a, aShape, b, rank };
}

function ofExperts(name: string, target: string, nExperts: number): Error {
  const came = `${name} changes ${quoted(target)}, the matrices of ${nExperts} experts, which this build does not support`;
  return new UnsupportedError(`${came}; merge the adapter into the model, or train one of attention alone`);
}

function notFitting(name: string, target: string, shapes: readonly (readonly number[])[]): FormatError {
  const [a, b, stored] = shapes.map((shape) => `[${shape.join(', ')}]`);
  const came = `${name}: ${target}.lora_a is ${a} and .lora_b is ${b}`;
  const [wantedA, wantedB] = target === TABLE ? ['[rows, rank]', '[cols, rank]'] : ['[rank, cols]', '[rows, rank]'];
  return new FormatError(`${came}, this model's ${target} is ${stored}, which takes ${wantedA} and ${wantedB}; an adapter for another model?`);
}

/** The tensors that a stored one was taken apart into, in the order of their rows; itself where it was not. */
function partsOf({ stored, tensors }: Base, target: string): GgufTensor[] {
  const whole = stored.get(target) ?? tensors.get(target)!;
  const isWhole = tensors.get(target)?.sizeBytes === whole.sizeBytes; // a part may have the name of the whole: ffn_up
  if (isWhole) return [whole];
  const end = whole.offsetBytes + whole.sizeBytes;
  const isInside = ({ shardIndex, offsetBytes, sizeBytes }: GgufTensor): boolean =>
    shardIndex === whole.shardIndex && offsetBytes >= whole.offsetBytes && offsetBytes + sizeBytes <= end;
  return [...tensors.values()].filter(isInside).sort((x, y) => x.offsetBytes - y.offsetBytes);
}
