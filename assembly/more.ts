/**
 * Kernels that few models need, in a module of its own: the host loads it where index.ts lacks a weight's type, an op, or activations of
 * eight bits. Its functions stand in the first module's table, over the same memory.
 */
export { gelu } from './gelu';
export { layer_norm } from './layer_norm';
export { set_dot_kind } from './lib/dot_kind';
export { set_scratch } from './lib/scratch';
export { pool, pool_items } from './pool';
export { position_rows } from './position_rows';
export { quantize_activations_256_fast, quantize_activations_32_fast } from './quantize_activations';
export * from './quants/q2_k';
export * from './quants/q3_k';
export * from './quants/q5_0';
export * from './quants/q5_1';
export * from './quants/q5_k';
export { matmul_q4_0_fast } from './quants/q4_0';
export { matmul_q4_1_fast } from './quants/q4_1';
export { matmul_q4_k_fast } from './quants/q4_k';
export { matmul_q6_k_fast } from './quants/q6_k';
export { matmul_q8_0_fast } from './quants/q8_0';
export { softcap } from './softcap';
export { temper } from './temper';
