import type { GgufFile, GgufTensor } from '../gguf/read.ts';
import type { Value } from '../graph/graph.ts';
import type { Additions } from './adapted.ts';

/** The model that an adapter is for. */
export interface Base {
  readonly architecture: string;
  readonly dim: number;
  readonly nLayers: number;
  /** As the file has them, and with fused matrices taken apart. */
  readonly stored: GgufFile['tensors'];
  readonly tensors: GgufFile['tensors'];
}

/** Bytes of an adapter's file that a weight of the graph is made of. */
export interface Origin {
  readonly tensor: GgufTensor;
  readonly offsetBytes: number;
  /** Where it is made of levels: what a level of 1 stands for. */
  readonly unit?: number | undefined;
}

/** What an adapter's file holds, ready to be added. */
export interface AdapterFile {
  readonly kind: 'lora' | 'control vector';
  /** Of the largest product; 0 of a control vector. */
  readonly rank: number;
  /** Weights of the graph, which carry the adapter's name, and where their bytes are. */
  readonly weights: ReadonlyMap<Value, Origin>;
  /** With every scale as it is where the user's is 1. */
  readonly additions: Additions;
}

export interface AdapterOptions {
  /** How messages call it; weights of the graph are named after it. */
  readonly name: string;
  /** Layers that a control vector may add to, both included. */
  readonly layers?: readonly [first: number, last: number] | undefined;
}
