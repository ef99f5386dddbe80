import { describe } from 'vitest';
import { findDawn } from '../../helpers/dawn.ts';
import { conformance } from '../conformance.ts';
import { floor, leastError, opensOn, trials } from './support.ts';

const { gpu, absent } = await findDawn();

describe.skipIf(absent)('on Dawn', () => {
  conformance({ name: 'webgpu', leastError, open: opensOn(gpu!) }, trials);
  conformance(
    { name: 'webgpu without optional features, at the smallest limits,', leastError, open: opensOn(gpu!, floor) },
    trials,
  );
});
