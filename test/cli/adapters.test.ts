import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { lora } from '../../apps/cli/chat/adapters.ts';
import { tinyLora, tinyVector } from '../helpers/tiny_adapters.ts';
import { tinyModel } from '../helpers/tiny_models.ts';
import { thimble } from './cli.ts';

const dir = mkdtempSync(join(tmpdir(), 'adapters-'));
afterAll(() => rmSync(dir, { recursive: true }));
const write = (name: string, bytes: Uint8Array): string => {
  writeFileSync(join(dir, name), bytes);
  return join(dir, name);
};
const model = write('model.gguf', tinyModel('llama-chat'));
const poet = write('poet=2.gguf', tinyLora('llama-chat'));
const calm = write('calm.gguf', tinyVector('llama-chat'));
const run = async (...args: string[]) => {
  const ended = await thimble([
    'run',
    model,
    'Hello',
    '--temp',
    '0',
    '-n',
    '30',
    '--threads',
    '1',
    '--raw',
    '--json',
    ...args,
  ]);
  expect([ended.code, ended.stderr]).toEqual([0, '']);
  return String((JSON.parse(ended.stdout) as { tokens: number[] }).tokens);
};

describe('adapters on the command line', () => {
  it('are added, as much as is said', async () => {
    const plain = await run();
    const texts = [
      await run('--lora', poet),
      await run('--lora', `${poet}=0.5`),
      await run('--lora', poet, '--control-vector', `${calm}=-30`),
    ];
    expect(new Set([plain, ...texts])).toHaveProperty('size', 4);
    expect(await run('--lora', `${poet}=0`)).toBe(plain);
    expect(await run('--lora-scaled', `${poet}:0.5`)).toBe(texts[1]);
    expect(await run('--lora', poet, '--control-vector', `${calm}=-30`, '--control-vector-layers', '1-1')).toBe(
      texts[2],
    );
  });

  it('are refused where the command line is wrong', async () => {
    const failed = async (code: number, ...args: string[]) => {
      const ended = await thimble(['run', model, 'Hello', ...args]);
      expect(ended.code).toBe(code);
      return ended.stderr;
    };
    expect(await failed(1, '--lora', join(dir, 'none.gguf'))).toContain(
      'there is no such file; check the path after --lora',
    );
    expect(await failed(2, '--lora', `${calm}=much`)).toContain('is "much", expected a number: FILE=0.5');
    expect(await failed(2, '--control-vector-layers', '1-2')).toContain(
      '--control-vector-layers is for --control-vector',
    );
    expect(await failed(2, '--control-vector', calm, '--control-vector-layers', '2')).toContain(
      'expected two numbers from 1 on: 5-12',
    );
    expect(await failed(1, '--lora', model)).toContain('model is no adapter: its general.type is "model"');
  });

  it('change in a chat', async () => {
    const input = '/lora\n/lora calm 0.5\n/lora poet=2 off\n/lora nobody\n';
    const { code, stdout, stderr } = await thimble(
      ['chat', model, '--lora', poet, '--control-vector', calm, '--threads', '1'],
      { input },
    );
    expect(code).toBe(0);
    expect(stdout + stderr).not.toContain('there are no adapters');
  });

  it('are told by /lora, and what it cannot follow', () => {
    const adapters = [{ name: 'sea poet', kind: 'lora', scale: 1, rank: 4 }];
    const state = { model: { info: { adapters } }, chat: {} } as unknown as Parameters<typeof lora>[0];
    expect(lora(state, '')).toBe('sea poet  1  LoRA of rank 4');
    expect(lora(state, 'sea poet off')).toContain('sea poet  off');
    expect(lora(state, 'sea poet half')).toBe('the scale is half, expected a number, on or off');
    expect(lora(state, 'see poet')).toContain('did you mean sea poet?');
  });

  it('are explained by inspect', async () => {
    const lora = await thimble(['inspect', poet]);
    expect(lora.stdout).toContain('LoRA, rank 4, alpha 8, 14 matrices of llama');
    const said = lora.stdout.replace(/\s+/g, ' ');
    expect(said).toContain('is a LoRA adapter and no model; open the model that it was made for (llama)');
    expect(said).toContain('with it: thimble run MODEL --lora FILE');
    expect(said).not.toContain('fits here');
    const vector = await thimble(['inspect', calm, '--json']);
    expect(JSON.parse(vector.stdout)).toMatchObject({ adapter: 'control vector of 1 layer, for llama' });
  });
});
