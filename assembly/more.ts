/**
 * Quant types that few files hold, in a module of its own: the host loads it where a weight's type is not in index.ts. Its functions stand
 * in the first module's table, over the same memory.
 */
import { set_scratch as setScratch } from './lib/scratch';
import { setTables } from './lib/tables';

export { set_dot_kind } from './lib/dot_kind';
export * from './quants/iq4_nl';
export * from './quants/iq4_xs';
export * from './quants/mxfp4';
export * from './quants/q1_0';
export * from './quants/q2_0';
export * from './quants/q2_k';
export * from './quants/q3_k';
export * from './quants/q5_0';
export * from './quants/q5_1';
export * from './quants/q5_k';
export * from './quants/tq1_0';
export * from './quants/tq2_0';

/** Called once per instance, before any kernel runs. */
export function set_scratch(address: usize): void {
  setScratch(address);
  setTables();
}
