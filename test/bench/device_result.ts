import type { DeviceResult } from '../../bench/measure/result.ts';

/** A small result, whole. */
export const deviceResult: DeviceResult = {
  form: 'thimble-device',
  version: 1,
  at: '2026-11-27T02:30:00.000Z',
  device: { name: 'A phone', engine: 'Chromium 156', cpu: 'Pixel 7', nCores: 2, memoryGib: 8, system: 'Android 14' },
  plan: 'quick',
  build: 'relaxed',
  sharedMemory: true,
  threads: 2,
  clockUs: 5,
  sweepMib: 64,
  ceilings: [1, 2].flatMap((threads) => [
    { limit: 'read', threads, perSecond: threads === 2 ? 29.3 : 13.6, spread: 0.01 } as const,
    { limit: 'dot', threads, perSecond: 41.234567 * threads, spread: 0.002 } as const,
    { limit: 'f32', threads, perSecond: 20 * threads, spread: 0.002 } as const,
  ]),
  kernels: (['decode', 'prefill 128'] as const).map((name) => ({
    ...{ op: 'matmul q4_0', name, error: 3e-5, tolerance: 3e-4, threads: 2 },
    timing: {
      ...{ ms: 4.23, spread: 0.01, ofLimit: 0.5, limitPerSecond: name === 'decode' ? 29.3 : 82.46 },
      ...(name === 'decode'
        ? ({ gbPerSecond: 15.1, gmacPerSecond: 26.9, limit: 'read' } as const)
        : ({ gbPerSecond: 0.284, gmacPerSecond: 64.6, limit: 'dot' } as const)),
    },
  })),
  models: [
    {
      ...{ model: 'tiny', weightBytes: 97_000_000, threads: 2, loadMs: 400, ttftMs: 230 },
      phases: [
        { name: 'prefill 128', tps: 535, spread: 0.01 },
        { name: 'decode @16', tps: 129, spread: 0.02 },
      ],
    },
  ],
  sustained: {
    ...{ model: 'tiny', threads: 2, hidden: [[3, 4]] },
    samples: [
      [1, 130],
      [2, 128],
    ],
    battery: { before: 0.8, after: 0.79, isCharging: false },
  },
};
