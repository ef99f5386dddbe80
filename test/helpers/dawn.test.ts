import { describe, expect, it } from 'vitest';
import { openDevice } from '../../src/backends/webgpu/device.ts';
import { findDawn } from './dawn.ts';

const { gpu, absent } = await findDawn({ subgroupSize: 4 });

/** What every device has at least, of WebGPU's table of limits. */
const floor = {
  maxStorageBufferBindingSize: 2 ** 27,
  maxBufferSize: 2 ** 28,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupSizeX: 256,
  maxComputeWorkgroupStorageSize: 16384,
  maxStorageBuffersPerShaderStage: 8,
  maxBindGroups: 4,
  minStorageBufferOffsetAlignment: 256,
} as const;

describe.skipIf(absent)('WebGPU in Node', () => {
  it('has subgroups of the size that was asked for', async () => {
    const { info } = (await gpu!.requestAdapter())!;
    expect([info.subgroupMinSize, info.subgroupMaxSize]).toEqual([4, 4]);
  });

  it('can be held to the least that a browser has', async () => {
    const { device, info } = await openDevice(gpu!, { features: [], limits: 'floor' });
    for (const [name, limit] of Object.entries(floor)) expect(device.limits, name).toHaveProperty(name, limit);
    expect([...device.features]).toEqual(['core-features-and-limits']);
    expect(info.features).toEqual([]);
    device.destroy();
  });
});
