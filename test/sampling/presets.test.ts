import { expect, it } from 'vitest';
import { presetFor, withPreset } from '../../src/sampling/presets.ts';
import { openBytes } from '../helpers/open.ts';
import { tinyModel, types } from '../helpers/tiny_models.ts';

const preset = (architecture: string, nParams: number, said: Record<string, number> = {}) =>
  presetFor({ architecture, nParams, number: (key) => said[key] });

it('takes low temperatures and a guard for small models, what the family recommends for others', () => {
  expect(preset('llama', 135e6)).toMatchObject({ temperature: 0, dryMultiplier: 0.8 });
  expect(preset('qwen2', 494e6)).toMatchObject({ temperature: 0.3, topK: 20, dryMultiplier: 0.8 });
  expect(preset('qwen2', 1.5e9)).toEqual({ temperature: 0.7, topP: 0.8, topK: 20, repeatPenalty: 1.05 });
  expect(preset('unheard of', 1.5e9)).toEqual({});
});

it('lets the file have the last word, where it makes sense', () => {
  const said = { 'general.sampling.temp': 0.9, 'general.sampling.top_k': 7, 'general.sampling.penalty_repeat': 1.1 };
  expect(preset('llama', 135e6, said)).toMatchObject({
    temperature: 0.9,
    topK: 7,
    repeatPenalty: 1.1,
    dryMultiplier: 0.8,
  });
  for (const temperature of [NaN, -1, Infinity, 1e9]) {
    expect(preset('llama', 2e9, { 'general.sampling.temp': temperature })).toMatchObject({ temperature: 0.6 });
  }
});

it('gives way to what is asked for, and to greedy answers', () => {
  const own = { temperature: 0.3, topK: 20, dryMultiplier: 0.8 };
  expect(withPreset({ topK: 5, seed: undefined }, own)).toEqual({ temperature: 0.3, topK: 5, dryMultiplier: 0.8 });
  expect(withPreset({ temperature: 0 }, own)).toEqual({ temperature: 0 });
});

it('comes from an opened file', async () => {
  const metadata = {
    'general.sampling.temp': [types.f32, 0.5],
    'general.sampling.top_p': [types.string, 'much'],
  } as const;
  const { info } = await openBytes(tinyModel('llama', { metadata }));
  expect(info.sampling).toMatchObject({ temperature: 0.5, topP: 0.9, dryMultiplier: 0.8 });
});
