import { describe } from 'vitest';
import { findDawn } from '../../helpers/dawn.ts';
import { variantTrials } from './variant_trials.ts';
import { testVariants } from './variants.ts';

const { gpu, absent } = await findDawn();

describe.skipIf(absent)('every variant of a product agrees with its definition', () =>
  testVariants(gpu!, variantTrials(['f16', 'dots', 'subgroups'])),
);
