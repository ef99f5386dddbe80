import { describe } from 'vitest';
import { findDawn } from '../../helpers/dawn.ts';
import { conformance } from '../conformance.ts';
import { leastError, opensOn, trials } from './support.ts';

const { gpu, absent } = await findDawn({ subgroupSize: 4 });

describe.skipIf(absent)('on Dawn', () => {
  conformance({ name: 'webgpu with subgroups of 4', leastError, open: opensOn(gpu!) }, trials);
});
