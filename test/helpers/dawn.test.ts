import { describe, expect, it } from 'vitest';
import { findDawn, floorLimits, withFloor } from './dawn.ts';

const { gpu, absent } = await findDawn({ subgroupSize: 4 });

describe.skipIf(absent)('WebGPU in Node', () => {
  it('has subgroups of the size that was asked for', async () => {
    const { info } = (await gpu!.requestAdapter())!;
    expect([info.subgroupMinSize, info.subgroupMaxSize]).toEqual([4, 4]);
  });

  it('can be held to the least that a browser has', async () => {
    const adapter = (await withFloor(gpu!).requestAdapter())!;
    expect(adapter.limits).toEqual(floorLimits);
    const device = await adapter.requestDevice();
    for (const [name, limit] of Object.entries(floorLimits)) expect(device.limits, name).toHaveProperty(name, limit);
    expect([...device.features]).toEqual(['core-features-and-limits']);
    device.destroy();
  });
});
