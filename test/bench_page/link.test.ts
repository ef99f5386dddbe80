import { deflateRawSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { pairsOf } from '../../apps/bench/src/share/compare.ts';
import { resultLink, resultOfLink } from '../../apps/bench/src/share/link.ts';
import { rounded } from '../../bench/measure/result.ts';
import { deviceResult } from '../bench/device_result.ts';

const page = 'https://example.org/bench/?x#old';
const hashOf = (link: string): string => link.replace(/^[^#]*/, '');
const packed = (text: string): string => `#r1.${deflateRawSync(text).toString('base64url')}`;

test('a result comes back from its link', async () => {
  const link = await resultLink(deviceResult, page);
  expect(link).toMatch(/^https:\/\/example\.org\/bench\/\?x#r1\.[\w-]+$/);
  expect(await resultOfLink(hashOf(link))).toEqual(rounded(deviceResult));
});

test.each<[string, string, RegExp]>([
  ['of a later version', '#r2.abc', /version 2; this page reads version 1/],
  ['cut short', '#r1.7VzdbtvIFX4Vgje', /damaged/],
  ['that is no base64', '#r1.%%%%', /damaged/],
  ['that is empty', '#r1.', /damaged/],
  ['of no JSON', packed('hello'), /holds no result/],
  ['of another object', packed('{"form":"other"}'), /holds no result: form is "other"/],
  ['with hostile numbers', packed(JSON.stringify({ ...deviceResult, threads: 1e9 })), /threads is 1000000000/],
  ['that unpacks to gigabytes', packed('0'.repeat(50_000_000)), /damaged/],
  ['of endless letters', `#r1.${'A'.repeat(300_000)}`, /too long/],
])('a link %s says so', async (_, fragment, message) => {
  await expect(resultOfLink(fragment)).rejects.toThrow(message);
});

test('a link from before GPUs were measured opens', async () => {
  const { gpu: _, ...before } = deviceResult;
  expect(await resultOfLink(packed(JSON.stringify(before)))).toEqual(before);
});

test('markup and prototypes in a link stay text', async () => {
  const name = '<img src=x onerror=alert(1)>';
  const json = JSON.stringify({ ...deviceResult, device: { ...deviceResult.device, name } });
  const hostile = json.replace('{', '{"__proto__":{"isAdmin":true},');
  const result = await resultOfLink(packed(hostile));
  expect(result.device.name).toBe(name);
  expect('isAdmin' in result).toBe(false);
});

test('a comparison has what both measured, each with its own threads', () => {
  const twice = structuredClone(deviceResult) as typeof deviceResult;
  const there = {
    ...twice,
    models: [],
    ceilings: twice.ceilings.map((one) => ({ ...one, perSecond: one.perSecond / 2 })),
  };
  const pairs = pairsOf(deviceResult, there);
  const own = ['memory', 'int8 dot', 'float', 'Q4_0 decode', 'Q4_0 prefill 128'];
  expect(pairs.map(({ what }) => what).filter((what) => !what.startsWith('GPU'))).toEqual(own);
  expect(pairs.map(({ here, there }) => here / there).slice(0, own.length)).toEqual([2, 2, 2, 1, 1]);
  expect(pairs.map(({ what }) => what)).toContain('GPU: Q4_0 decode');
  expect(pairs.map(({ what }) => what)).toContain('GPU: decode at 16');
});
