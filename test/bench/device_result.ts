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
  gpu: {
    info: {
      vendor: 'arm',
      architecture: 'valhall',
      description: '',
      isFallback: false,
      features: ['f16', 'timestamps'],
    },
    clock: { kind: 'timestamps', stepUs: 100, roundTripMs: 1.5 },
    ceilings: [
      { limit: 'read', perSecond: 41.5, spread: 0.01 },
      { limit: 'f32', perSecond: 350, spread: 0.01 },
      { limit: 'f16', perSecond: 690, spread: 0.02 },
    ],
    costs: [
      { cost: 'dispatch', us: 12, spread: 0.1 },
      { cost: 'round trip', us: 1500, spread: 0.2 },
    ],
    kernels: [
      {
        ...{ op: 'matmul q4_0', name: 'decode', error: 3e-7, tolerance: 3e-4, kernels: 'mat_vec' },
        timing: {
          ...{ ms: 2.1, spread: 0.01, gbPerSecond: 31, gmacPerSecond: 55, ofLimit: 0.75 },
          ...{ limit: 'read', limitPerSecond: 41.5 },
        },
      },
      {
        ...{ op: 'matmul q4_0', name: 'prefill 128', error: 2e-6, tolerance: 3e-4, kernels: 'mat_mul' },
        timing: {
          ...{ ms: 8, spread: 0.02, gbPerSecond: 0.6, gmacPerSecond: 140, ofLimit: 0.2 },
          ...{ limit: 'f16', limitPerSecond: 690 },
        },
      },
      { op: 'matmul q8_0', name: '', error: Number.MAX_VALUE, tolerance: 0, failure: 'mat_vec does not compile' },
    ],
    models: [
      {
        ...{ model: 'tiny', weightBytes: 97_000_000, threads: 1, loadMs: 900, ttftMs: 400 },
        phases: [
          { name: 'prefill 128', tps: 810, spread: 0.01 },
          { name: 'decode @16', tps: 71, spread: 0.02 },
        ],
      },
    ],
    checks: [
      { kernel: 'quants/q4_0 + mat_vec', nPipelines: 4, error: 3e-7 },
      { kernel: 'lib/x_halves + mat_vec', nPipelines: 1, refused: 'its numbers are wrong by 50 %' },
    ],
    choices: [{ kind: 'q4_0, few', variant: 'mat_vec, floats, by lanes', sizes: '64×16', from: 'timing' }],
  },
  sustained: {
    ...{ model: 'tiny', threads: 2, hidden: [[3, 4]] },
    samples: [
      [1, 130],
      [2, 128],
    ],
    battery: { before: 0.8, after: 0.79, isCharging: false },
  },
};
