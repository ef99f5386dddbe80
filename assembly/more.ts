/**
 * Quant types that few files hold, in a module of its own: the host loads it where a weight's type is not in index.ts. Its functions stand
 * in the first module's table, over the same memory.
 */
export { set_dot_kind } from './lib/dot_kind';
export { set_scratch } from './lib/scratch';
export * from './quants/q2_k';
export * from './quants/q3_k';
export * from './quants/q5_0';
export * from './quants/q5_1';
export * from './quants/q5_k';
