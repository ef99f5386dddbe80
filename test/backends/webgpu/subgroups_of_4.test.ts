import { describe } from 'vitest';
import { findDawn } from '../../helpers/dawn.ts';
import { conformance } from '../conformance.ts';
import { leastError, opensOn, trials } from './support.ts';
import { variantTrials } from './variant_trials.ts';
import { testVariants } from './variants.ts';

const { gpu, absent } = await findDawn({ subgroupSize: 4 });

describe.skipIf(absent)('on Dawn', () => {
  conformance({ name: 'webgpu with subgroups of 4', leastError, open: opensOn(gpu!) }, trials);
  const bySubgroups = variantTrials(['f16', 'dots', 'subgroups']).filter(({ variant }) =>
    variant.needs.includes('subgroups'),
  );
  describe('variants that add by subgroups', () => testVariants(gpu!, bySubgroups));
});
