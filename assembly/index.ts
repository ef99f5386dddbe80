/** The kernels that most models need; more.ts has the others. */
export { add } from './add';
export {
  attention_f16,
  attention_f32,
  attention_items,
  attention_parts_bytes,
  attention_q8_0,
  attention_scratch_bytes,
} from './attention';
export { attention_join } from './attention_join';
export {
  cache_bytes_f16,
  cache_bytes_f32,
  cache_bytes_q8_0,
  kv_store_f16,
  kv_store_f32,
  kv_store_q8_0,
  kv_store_scratch_bytes,
} from './kv_store';
export { columns } from './columns';
export { geglu } from './geglu';
export { last_rows, last_rows_items } from './last_rows';
export { probe_dot, set_dot_kind } from './lib/dot_kind';
export { control_bytes, follow, resume, run } from './lib/program';
export { scratch_bytes, set_scratch } from './lib/scratch';
export { matmul_items } from './matmul';
export { rows_per_item } from './pack';
export { pack_rows, pack_rows_items } from './pack_rows';
export {
  activations_bytes,
  quantize_activations_256,
  quantize_activations_32,
  quantize_activations_i16,
} from './quantize_activations';
export * from './quants/bf16';
export * from './quants/f16';
export * from './quants/f32';
export { embed_q4_0, matmul_q4_0, pack_q4_0, packed_bytes_q4_0 } from './quants/q4_0';
export { embed_q4_1, matmul_q4_1, pack_q4_1, packed_bytes_q4_1 } from './quants/q4_1';
export { embed_q4_k, matmul_q4_k, pack_q4_k, packed_bytes_q4_k } from './quants/q4_k';
export { embed_q6_k, matmul_q6_k, pack_q6_k, packed_bytes_q6_k } from './quants/q6_k';
export { embed_q8_0, matmul_q8_0, pack_q8_0, packed_bytes_q8_0 } from './quants/q8_0';
export { rms_norm } from './rms_norm';
export { rope } from './rope';
export { rope_angles } from './rope_angles';
export { scale } from './scale';
export { swiglu } from './swiglu';
