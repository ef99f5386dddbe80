import { KvF16, KvF32 } from './lib/kv_types';
import { Node } from './lib/node';

@unmanaged
class KvStoreNode extends Node {
  cache: usize; // keys or values, see lib/kv_types.ts
  x: usize; // [nTokens, kvDim]
  sameCache: usize;
  kvDim: u32;
  headDim: u32;
  nPositions: u32;
  interleave: u32; // positions interleaved: 4 for keys, 1 for values
}

/** Writes this step's keys or values behind the positions before them; an item is a token. */
function kvStore<T>(node: KvStoreNode, begin: u32, end: u32): void {
  const type = changetype<T>(0);
  const headDim = node.headDim;
  const apart = node.interleave * type.bytes;
  for (let token = begin; token < end; token++) {
    const pos = node.step.pos + token;
    const lane = pos % node.interleave;
    let x = node.x + ((token * node.kvDim) << 2);
    let row = node.cache + ((pos - lane) * headDim + lane) * type.bytes;
    for (let head = node.kvDim / headDim; head > 0; head--) {
      for (let i: u32 = 0; i < headDim; i++) type.store(row + i * apart, load<f32>(x + (i << 2)));
      x += headDim << 2;
      row += node.nPositions * headDim * type.bytes;
    }
  }
}

export function kv_store_f32(node: KvStoreNode, begin: u32, end: u32): void {
  kvStore<KvF32>(node, begin, end);
}

export function kv_store_f16(node: KvStoreNode, begin: u32, end: u32): void {
  kvStore<KvF16>(node, begin, end);
}
