/**
 * The cases of `ops` in Node. `keep` puts this file's bundle beside the dist/ that it was made with, so that a later bench can load the
 * cases of both builds into one process (see against.ts).
 */
import { caseMakers as makersOf, type CaseMaker } from '../measure/cases.ts';
import { wasmHome, type WasmHomeOptions } from '../measure/case_home.ts';
import type { MatmulOptions } from '../measure/matmul_cases.ts';
import { host } from './host.ts';

type Options = Omit<MatmulOptions, 'home'> & Omit<WasmHomeOptions, 'host'>;

export const caseMakers = ({ build, threads, ...options }: Options): CaseMaker[] =>
  makersOf({ ...options, home: wasmHome({ host: host(), build, threads }) });
