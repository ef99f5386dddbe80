import { describe, expect, it } from 'vitest';
import { everyArchitecture } from '../../src/models/index.ts';
import { allLogits, openBytes } from '../helpers/open.ts';
import { tinyEncoders } from '../helpers/tiny_encoders.ts';
import { familyConfigs, mixtureConfigs, tinyConfigs, tinyModel } from '../helpers/tiny_models.ts';
import { familyGoldens, largestGap, mixtureGoldens, tinyGoldens } from './goldens.ts';

describe.each(Object.entries(tinyGoldens.models))('%s with plain loops', (name, golden) => {
  it('computes the logits that llama.cpp computes from exact weights', async () => {
    const model = await openBytes(tinyModel(name), { kvType: 'f32' });
    const rows = await allLogits(model, tinyGoldens.prompt);
    // llama.cpp's f32 variants are up to 4e-5 apart, its f16 ones 1.7e-3 (it rounds activations to f16 there)
    expect(largestGap(rows, golden.exact ?? golden.rows)).toBeLessThan(1e-3);
    await model.close();
  });

  it('does not depend on how a prompt is cut into steps', async () => {
    const bytes = tinyModel(name);
    const whole = await openBytes(bytes, { maxLogits: 48 });
    const single = await openBytes(bytes, { maxLogits: 1 });
    expect(await allLogits(whole, tinyGoldens.prompt)).toEqual(await allLogits(single, tinyGoldens.prompt));
  });
});

describe('the table of families', () => {
  it('has a golden for every name', async () => {
    const configs = { ...tinyConfigs, ...familyConfigs, ...mixtureConfigs };
    const names = [tinyGoldens, familyGoldens, mixtureGoldens].flatMap(({ models }) => Object.keys(models));
    const golden = new Set(names.map((name) => configs[name]!.arch));
    if (names.includes('mixtral')) golden.add('llama with experts');
    for (const { arch } of Object.values(tinyEncoders)) golden.add(arch); // theirs are in encoders.test.ts
    expect((await everyArchitecture()).flatMap(({ names }) => names).filter((name) => !golden.has(name))).toEqual([]);
  });

  it('names what is supported when a file is of another family', async () => {
    const bytes = tinyModel('llama');
    const other = Buffer.from(Buffer.from(bytes).toString('latin1').replaceAll('llama', 'mamba'), 'latin1');
    await expect(openBytes(other)).rejects.toThrow(/general.architecture is "mamba"; supported: llama, .*qwen2, .*; choose a model of one of these/);
  });
});
