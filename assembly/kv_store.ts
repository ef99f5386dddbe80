import { hadamard } from './lib/hadamard';
import { KvF16, KvF32, KvQ8_0 } from './lib/kv_types';
import { Node } from './lib/node';
import { scratch } from './lib/scratch';

@unmanaged
class KvStoreNode extends Node {
  cache: usize; // keys or values, see lib/kv_types.ts
  x: usize; // [nTokens, kvDim]
  sameCache: usize;
  kvDim: u32;
  spread: u32; // columns that are spread over each other before they are rounded; 0: none
  headDim: u32;
  nPositions: u32; // absolute position p lies in row p % nPositions
  interleave: u32; // 4: keys, 1: values, see lib/kv_types.ts
}

/** Writes this step's keys or values into the rows of their positions; an item is a token. */
function kvStore<T>(node: KvStoreNode, begin: u32, end: u32): void {
  const type = changetype<T>(0);
  const headDim = node.headDim;
  const headBytes = node.nPositions * type.rowBytes(headDim);
  for (let token = begin; token < end; token++) {
    let x = node.x + ((token * node.kvDim) << 2);
    let head = node.cache;
    const row = (node.step.pos + token) % node.nPositions;
    for (let n = node.kvDim / headDim; n > 0; n--) {
      type.storeHead(head, type.hasLevels ? spread(node, x) : x, headDim, row, node.interleave);
      x += headDim << 2;
      head += headBytes;
    }
  }
}

/** One head's numbers, spread out in scratch memory. */
function spread(node: KvStoreNode, x: usize): usize {
  memory.copy(scratch(), x, node.headDim << 2);
  hadamard(scratch(), node.headDim << 2, node.spread << 2);
  return scratch();
}

/** Bytes of scratch memory that a thread needs for this node. */
export function kv_store_scratch_bytes(node: KvStoreNode): u32 {
  return node.headDim << 2;
}

export function kv_store_f32(node: KvStoreNode, begin: u32, end: u32): void {
  kvStore<KvF32>(node, begin, end);
}

export function kv_store_f16(node: KvStoreNode, begin: u32, end: u32): void {
  kvStore<KvF16>(node, begin, end);
}

export function kv_store_q8_0(node: KvStoreNode, begin: u32, end: u32): void {
  kvStore<KvQ8_0>(node, begin, end);
}

/** Bytes of a cache of `n` numbers, whole blocks. */
export function cache_bytes_f32(n: u32): u32 {
  return n << 2;
}

export function cache_bytes_f16(n: u32): u32 {
  return n << 1;
}

export function cache_bytes_q8_0(n: u32): u32 {
  return changetype<KvQ8_0>(0).rowBytes(n);
}
