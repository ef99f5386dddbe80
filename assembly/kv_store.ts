import { KvF16, KvF32 } from './lib/kv_types';
import { Node } from './lib/node';

@unmanaged
class KvStoreNode extends Node {
  cache: usize; // [nCtx, kvDim], keys or values, see lib/kv_types.ts
  x: usize; // [nTokens, kvDim]
  sameCache: usize;
  kvDim: u32;
  interleave: u32; // positions interleaved: 4 for keys, 1 for values
}

/** Writes this step's keys or values behind the positions before them; an item is a token. */
function kvStore<T>(node: KvStoreNode, begin: u32, end: u32): void {
  const type = changetype<T>(0);
  const kvDim = node.kvDim;
  const apart = node.interleave * type.bytes;
  for (let token = begin; token < end; token++) {
    const pos = node.step.pos + token;
    const lane = pos % node.interleave;
    const x = node.x + ((token * kvDim) << 2);
    const row = node.cache + (pos - lane) * kvDim * type.bytes + lane * type.bytes;
    for (let i: u32 = 0; i < kvDim; i++) type.store(row + i * apart, load<f32>(x + (i << 2)));
  }
}

export function kv_store_f32(node: KvStoreNode, begin: u32, end: u32): void {
  kvStore<KvF32>(node, begin, end);
}

export function kv_store_f16(node: KvStoreNode, begin: u32, end: u32): void {
  kvStore<KvF16>(node, begin, end);
}
