/**
 * Kernels that few models need, in a module of its own: the host loads it where index.ts lacks a weight's type, an op, or activations of
 * eight bits. Its functions stand in the first module's table, over the same memory.
 */
import { set_scratch as setScratch } from './lib/scratch';
import { setTables } from './lib/tables';

export { add_product_levels16, add_product_rows_levels16 } from './add_levels';
export { add_product_f32, add_product_items, add_product_rows_f32 } from './add_product';
export { add_scaled } from './add_scaled';
export { causal_conv, causal_conv_items, causal_conv_scratch_bytes } from './causal_conv';
export { combine } from './combine';
export { delta_net, delta_net_items, delta_net_scratch_bytes, delta_net_state_columns } from './delta_net';
export { gate } from './gate';
export { gelu } from './gelu';
export { layer_norm } from './layer_norm';
export { match_size } from './match_size';
export { matmul_experts, matmul_experts_items } from './matmul_experts';
export { mix_experts } from './mix_experts';
export { multiply } from './multiply';
export { pool, pool_items } from './pool';
export { position_rows } from './position_rows';
export { quantize_activations_256_fast, quantize_activations_32_fast } from './quantize_activations';
export { relu_squared } from './relu_squared';
export { scale_experts } from './scale_experts';
export { set_dot_kind } from './lib/dot_kind';
export { set_grids } from './lib/grids';
export * from './quants/iq1_m';
export * from './quants/iq1_s';
export * from './quants/iq2_s';
export * from './quants/iq2_xs';
export * from './quants/iq2_xxs';
export * from './quants/iq3_s';
export * from './quants/iq3_xxs';
export * from './quants/iq4_nl';
export * from './quants/iq4_xs';
export * from './quants/levels16';
export * from './quants/mxfp4';
export * from './quants/nvfp4';
export * from './quants/q1_0';
export * from './quants/q2_0';
export * from './quants/q2_k';
export * from './quants/q3_k';
export * from './quants/q5_0';
export * from './quants/q5_1';
export * from './quants/q5_k';
export { matmul_q4_0_fast, matmul_q4_0_few as matmul_q4_0 } from './quants/q4_0';
export { matmul_q4_1_fast } from './quants/q4_1';
export { matmul_q4_k_fast } from './quants/q4_k';
export { matmul_q6_k_fast, matmul_q6_k_few as matmul_q6_k } from './quants/q6_k';
export { matmul_q8_0_fast } from './quants/q8_0';
export * from './quants/tq1_0';
export * from './quants/tq2_0';
export { route, route_scratch_bytes } from './route';
export { softcap } from './softcap';
export { sort_activations } from './sort_activations';
export { sort_choices, sort_choices_items, sort_choices_scratch_bytes } from './sort_choices';
export { sparsify } from './sparsify';
export { ssm_scan, ssm_scan_items, ssm_scan_scratch_bytes, ssm_scan_state_columns } from './ssm_scan';
export { swiglu_clamped } from './swiglu_clamped';
export { temper } from './temper';

/** Called once per instance, before any kernel runs. */
export function set_scratch(address: usize): void {
  setScratch(address);
  setTables();
}
