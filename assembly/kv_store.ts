import { hadamard } from './lib/hadamard';
import { KvF16, KvF32, KvQ8_0 } from './lib/kv_types';
import { Record } from './lib/record';
import { scratch } from './lib/scratch';

@unmanaged
class KvStoreRecord extends Record {
  cache: usize; // keys or values, see lib/kv_types.ts
  x: usize; // [nTokens, kvDim]
  sameCache: usize;
  kvDim: u32;
  spread: u32; // columns that are spread over each other before they are rounded; 0: none
  headDim: u32;
  nPositions: u32; // absolute position p lies in row p % nPositions
  interleave: u32; // 4: keys, 1: values, see lib/kv_types.ts
}

/** Writes this step's keys or values into the rows of their positions, and tells the step of magnitudes beyond `limit` (as bits); an item is a token. */
function kvStore<T>(record: KvStoreRecord, begin: u32, end: u32, limit: u32): void {
  const type = changetype<T>(0);
  const headDim = record.headDim;
  const headBytes = record.nPositions * type.rowBytes(headDim);
  for (let token = begin; token < end; token++) {
    let x = record.x + ((token * record.kvDim) << 2);
    let head = record.cache + record.step.statesOf(token);
    const row = record.step.cachedAt(token) % record.nPositions;
    for (let n = record.kvDim / headDim; n > 0; n--) {
      const numbers = type.hasLevels ? spread(record, x) : x;
      if (largestMagnitude(numbers, headDim) > limit && !record.step.lost) {
        record.step.lost = changetype<usize>(record);
      }
      type.storeHead(head, numbers, headDim, row, record.interleave);
      x += headDim << 2;
      head += headBytes;
    }
  }
}

/** Magnitudes compare as integers, and NaN is the largest. */
function largestMagnitude(x: usize, n: u32): u32 {
  let largest: u32 = 0;
  for (const end = x + (n << 2); x < end; x += 4) largest = max(largest, load<u32>(x) & 0x7fffffff);
  return largest;
}

/** One head's numbers, spread out in scratch memory. */
function spread(record: KvStoreRecord, x: usize): usize {
  memory.copy(scratch(), x, record.headDim << 2);
  hadamard(scratch(), record.headDim << 2, record.spread << 2);
  return scratch();
}

/** Bytes of scratch memory that a thread needs for this record. */
export function kv_store_scratch_bytes(record: KvStoreRecord): u32 {
  return record.headDim << 2;
}

export function kv_store_f32(record: KvStoreRecord, begin: u32, end: u32): void {
  kvStore<KvF32>(record, begin, end, 0x7f7fffff); // the largest finite float
}

export function kv_store_f16(record: KvStoreRecord, begin: u32, end: u32): void {
  kvStore<KvF16>(record, begin, end, 0x477fefff); // below 65520 numbers round to 65504, the largest half
}

export function kv_store_q8_0(record: KvStoreRecord, begin: u32, end: u32): void {
  kvStore<KvQ8_0>(record, begin, end, reinterpret<u32>(<f32>65519 * 127)); // a scale is a half, the largest level 127
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
