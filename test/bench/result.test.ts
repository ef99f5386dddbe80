import { describe, expect, test } from 'vitest';
import { readResult, resultText, rounded, type DeviceResult } from '../../bench/measure/result.ts';
import { resultCsv } from '../../bench/measure/result_csv.ts';
import { withStep } from '../../bench/measure/run_step.ts';
import { deviceResult } from './device_result.ts';

const changed = (path: string, value: unknown): unknown => {
  const copy = structuredClone(deviceResult) as unknown as Record<string, unknown>;
  const keys = path.split('.');
  const last = keys.pop()!;
  const holder = keys.reduce<Record<string, unknown>>((at, key) => at[key] as Record<string, unknown>, copy);
  holder[last] = value;
  return copy;
};

describe('a result', () => {
  test('comes back from its own text, but for digits that mean nothing', () => {
    expect(readResult(JSON.parse(resultText(deviceResult)))).toEqual(rounded(deviceResult));
  });

  test('from before GPUs were measured is still one, and so is what a device without one measures', () => {
    const { gpu: _, ...before } = deviceResult;
    expect(readResult(before)).toEqual(before);
    expect(resultCsv(before)).not.toContain('GPU');
  });

  test('takes what a step finds out about the GPU', () => {
    const { gpu: _, ...before } = deviceResult;
    const [read] = deviceResult.gpu!.ceilings;
    const [kernel] = deviceResult.gpu!.kernels;
    const first = withStep(before, { gpu: { ceilings: [read!], kernels: [kernel!] } });
    const again = withStep(first, {
      gpu: {
        kernels: [
          { ...kernel!, error: 1 },
          { ...kernel!, name: 'other' },
        ],
      },
    });
    expect(again.gpu!.ceilings).toEqual([read]);
    expect(again.gpu!.kernels.map(({ name, error }) => [name, error])).toEqual([
      ['decode', 1],
      ['other', kernel!.error],
    ]);
    expect(() => readResult(JSON.parse(resultText(again)))).not.toThrow();
  });

  test('loses what is not known', () => {
    const more = { ...deviceResult, extra: 1, device: { ...deviceResult.device, serial: 'secret' } };
    expect(readResult(more)).toEqual(deviceResult);
  });

  test.each<[string, unknown, RegExp]>([
    ['form', 'other', /form is "other", expected thimble-device/],
    ['version', 2, /version 2, this page knows 1; open it in a newer one/],
    ['version', 'one', /version is "one", expected 1/],
    ['at', 'today', /at is "today", expected a text/],
    ['device', null, /device is null, expected an object/],
    ['device.name', 7, /device.name is 7, expected a text/],
    ['device.name', 'x'.repeat(121), /device.name is .*at most 120/],
    ['device.nCores', 1.5, /device.nCores is 1.5, expected a whole number/],
    ['build', 'fast', /build is "fast", expected relaxed or simd/],
    ['sharedMemory', 'yes', /sharedMemory is "yes", expected true or false/],
    ['ceilings', {}, /ceilings is {}, expected a list/],
    [
      'ceilings',
      Array.from({ length: 201 }, () => deviceResult.ceilings[0]),
      /ceilings is 201, expected a list of at most 200/,
    ],
    ['ceilings.0.limit', '__proto__', /ceilings\[0\].limit is "__proto__"/],
    ['ceilings.0.perSecond', -1, /ceilings\[0\].perSecond is -1, expected a number from 0/],
    ['kernels.0.timing.ms', '3', /kernels\[0\].timing.ms is "3"/],
    ['kernels.0.timing.spread', Infinity, /timing.spread is null, expected a number/],
    ['models.0.phases.0.tps', NaN, /models\[0\].phases\[0\].tps is null/],
    ['gpu.clock.kind', 'sundial', /gpu.clock.kind is "sundial", expected timestamps or fences/],
    ['gpu.ceilings.0.limit', 'dot16', /gpu.ceilings\[0\].limit is "dot16"/],
    ['gpu.kernels.0.timing.ofLimit', 'most', /gpu.kernels\[0\].timing.ofLimit is "most"/],
    ['gpu.info.features', ['telepathy'], /gpu.info.features\[0\] is "telepathy"/],
    ['gpu.checks.0.nPipelines', 0, /gpu.checks\[0\].nPipelines is 0/],
    ['sustained.samples.0', [1], /samples\[0\] is \[1\], expected two numbers/],
    ['sustained.battery.before', 40, /battery.before is 40/],
  ])('with %s = %j is refused, and says where', (path, value, message) => {
    expect(() => readResult(changed(path, value))).toThrow(message);
    expect(() => readResult(changed(path, value))).toThrow(expect.objectContaining({ name: 'FormatError' }));
  });

  test.each([null, undefined, 3, 'text', [], [[]], {}])('that is %j is refused', (value) => {
    expect(() => readResult(value)).toThrow(expect.objectContaining({ name: 'FormatError' }));
  });

  test('has names without characters that hide or turn text', () => {
    const name = 'Pixel\u202e 7\u0007\u200b';
    expect(readResult(changed('device.name', name)).device.name).toBe('Pixel 7');
  });

  test('takes the place of what the same step found before', () => {
    const [ceiling] = deviceResult.ceilings;
    const again = { ...ceiling!, perSecond: 99 };
    const { ceilings } = withStep(deviceResult, { ceilings: [again] });
    expect(ceilings).toHaveLength(deviceResult.ceilings.length);
    expect(ceilings.filter(({ limit, threads }) => limit === again.limit && threads === again.threads)).toEqual([
      again,
    ]);
  });

  test('with an infinite error is still one when it comes back', () => {
    const wrong: DeviceResult = {
      ...deviceResult,
      kernels: [{ op: 'matmul q4_0', name: 'decode', error: Infinity, tolerance: 3e-4, threads: 1 }],
    };
    const [kernel] = readResult(JSON.parse(resultText(wrong))).kernels;
    expect(kernel!.error).toBeGreaterThan(1e300);
    expect(kernel!.timing).toBeUndefined();
  });
});

describe('CSV', () => {
  const rows = (of: DeviceResult): string[][] =>
    resultCsv(of)
      .trimEnd()
      .split('\r\n')
      .map((row) => row.split(/,(?=(?:[^"]*"[^"]*")*[^"]*$)/)); // commas inside quotes part nothing

  test('has a line for each number, as wide as its head', () => {
    const [head, ...lines] = rows(deviceResult);
    expect(head!.slice(4, 9)).toEqual(['group', 'what', 'work', 'threads', 'value']);
    expect(new Set(lines.map(({ length }) => length))).toEqual(new Set([head!.length]));
    expect(lines.map((line) => line.slice(4, 10))).toContainEqual(['ceiling', 'read', '', '2', '29.3', 'GB/s']);
    expect(lines.map((line) => line.slice(4, 10))).toContainEqual(['kernel', 'q4_0', 'decode', '2', '15.1', 'GB/s']);
    expect(lines.map((line) => line.slice(4, 10))).toContainEqual(['model', 'tiny', 'decode @16', '2', '129', 'tok/s']);
    expect(lines.map((line) => line.slice(4, 10))).toContainEqual(['GPU ceiling', 'f16', '', '', '690', 'GMAC/s']);
    expect(lines.map((line) => line.slice(4, 10))).toContainEqual([
      'GPU model',
      'tiny',
      'decode @16',
      '',
      '71',
      'tok/s',
    ]);
    expect(lines.map((line) => line.slice(4, 10))).toContainEqual(['battery', 'tiny', 'after', '2', '0.79', 'of full']);
  });

  test('holds no formula and no broken line, whatever a device is called', () => {
    const named = (name: string): string => resultCsv({ ...deviceResult, device: { ...deviceResult.device, name } });
    expect(named('=HYPERLINK("x")')).toMatch(/^"'=HYPERLINK\(""x""\)",/m);
    expect(named('+1')).toMatch(/^'\+1,/m);
    expect(named('a, b\nc')).toContain('"a, b\nc",');
  });
});
