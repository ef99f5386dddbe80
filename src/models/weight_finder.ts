import { FormatError, UnsupportedError } from '../base/errors.ts';
import { weight, type Value } from '../graph/graph.ts';
import type { Tensor } from '../graph/tensor.ts';
import type { LayerNorm } from './more_recorder.ts';
import type { Linear } from './recorder.ts';

/** Decoded tensors, by name. */
export type Numbers = ReadonlyMap<string, Float32Array>;

/** Small tensors whose numbers go into the graph while it is recorded: divisors of rotary frequencies, factors of products, positions. */
export const isRecorded = (name: string): boolean =>
  /^rope_(freqs|factors_long|factors_short)\.weight$|^(token_types|position_embd)\.weight$|\.layer_output_scale\.weight$|\.scale$/.test(name);

/** Tensors that change nothing, and why. Any other that no formula reads would make the results wrong in silence. */
const ignorable: readonly { readonly name: RegExp; readonly why: string }[] = [
  { name: /rotary_emb\.inv_freq$|attn_rot_embd/, why: 'old converters wrote down what rope.freq_base says' },
  { name: /\.input_scale$/, why: 'it scales activations of fewer bits than thimble gives them' },
];

/** Looks tensors up by name, checks their shapes, and remembers which ones a model uses. */
export class WeightFinder {
  readonly used = new Map<string, Value>();
  /** Read, but by no node. */
  private readonly recorded = new Set<string>();
  private readonly tensors: ReadonlyMap<string, Tensor>;
  private readonly decoded: Numbers;

  constructor(tensors: ReadonlyMap<string, Tensor>, decoded: Numbers) {
    this.tensors = tensors;
    this.decoded = decoded;
  }

  get nTensors(): number {
    return this.tensors.size;
  }

  has(name: string): boolean {
    return this.tensors.has(name);
  }

  /** The tensor's shape, before any config is known; `FormatError` when it is missing. */
  shape(name: string): readonly number[] {
    return this.tensor(name).shape;
  }

  /** A weight that must be there, with this shape. */
  get(name: string, shape: readonly number[]): Value {
    const known = this.used.get(name);
    const value = known ?? weight(this.shaped(name, shape));
    if (!known) this.used.set(name, value);
    return value;
  }

  /** A weight that may be absent. */
  optional(name: string, shape: readonly number[]): Value | undefined {
    return this.tensors.has(name) ? this.get(name, shape) : undefined;
  }

  /** The projection `name.weight`, `[rows, cols]`, with `name.bias`, `[rows]`, and `name.scale`, `[1]`, where the file has them. */
  linear(name: string, shape: readonly [rows: number, cols: number]): Linear {
    const bias = this.optional(`${name}.bias`, [shape[0]]);
    return { w: this.get(`${name}.weight`, shape), bias, scale: this.numbers(`${name}.scale`, [1])?.[0] };
  }

  /** A layer norm: `name.weight`, and `name.bias` where the file has it, `[cols]` each. */
  layerNorm(name: string, cols: number): LayerNorm {
    return { weight: this.get(`${name}.weight`, [cols]), bias: this.optional(`${name}.bias`, [cols]) };
  }

  /** The numbers of a recorded tensor, if the file has it. */
  numbers(name: string, shape: readonly number[]): Float32Array | undefined {
    if (!this.tensors.has(name)) return undefined;
    this.recorded.add(name);
    const numbers = this.decoded.get(this.shaped(name, shape).name);
    if (!numbers) throw new UnsupportedError(`${name} is ${this.tensor(name).quant.name}, which this build cannot decode`);
    return numbers;
  }

  /** A table whose rows are read from storage when their tokens come. */
  stored(name: string, shape: readonly number[]): Tensor {
    const table = this.shaped(name, shape);
    if (!table.quant.dequantize) throw new UnsupportedError(`${name} is ${table.quant.name}, which this build cannot decode`);
    this.recorded.add(name);
    return table;
  }

  /** Tensors that may be there although nothing needs them. */
  leaveOut(...names: string[]): void {
    for (const name of names) this.recorded.add(name);
  }

  /** @throws FormatError for blocks that the header does not count, UnsupportedError for other tensors that were not asked for. */
  checkAllRead({ nLayers, nMtpLayers = 0 }: { readonly nLayers: number; readonly nMtpLayers?: number }): void {
    const nBlocks = nLayers + nMtpLayers;
    for (let l = nLayers; l < nBlocks; l++) {
      const isMtp = [...this.tensors.keys()].some((name) => name.startsWith(`blk.${l}.nextn.`));
      if (isMtp) continue;
      const came = `the header counts blk.${l} as a layer of multi-token prediction, which has no tensors of one`;
      throw new FormatError(`${came} (blk.${l}.nextn.…); damaged or mislabelled file?`);
    }
    for (const name of this.tensors.keys()) {
      if (this.used.has(name) || this.recorded.has(name)) continue;
      if (ignorable.some((known) => known.name.test(name))) continue;
      const block = Number(/^blk\.(\d+)\./.exec(name)?.[1]);
      if (block >= nBlocks) {
        throw new FormatError(`the file has ${name}, its header counts ${nBlocks} blocks; damaged or mislabelled file?`);
      }
      if (block >= nLayers) continue;
      const came = `the file has ${name}, which no formula of its architecture reads`;
      throw new UnsupportedError(`${came}: results would be wrong without it; use a file that this build supports`);
    }
  }

  private shaped(name: string, shape: readonly number[]): Tensor {
    const tensor = this.tensor(name);
    if (tensor.shape.length !== shape.length || tensor.shape.some((n, i) => n !== shape[i])) {
      const came = `${name} is [${tensor.shape.join(', ')}]`;
      throw new FormatError(`${came}, its metadata says [${shape.join(', ')}]; damaged or mislabelled file?`);
    }
    return tensor;
  }

  private tensor(name: string): Tensor {
    const tensor = this.tensors.get(name);
    if (!tensor) throw new FormatError(`the file has no tensor ${name}, which its architecture needs; incomplete file?`);
    return tensor;
  }
}
