import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { allLogits, openBytes } from '../helpers/open.ts';
import { tinyModel, windowConfigs, windowPrompt } from '../helpers/tiny_models.ts';

interface WindowGoldens {
  readonly engine: string;
  readonly positions: readonly number[];
  readonly every: number;
  readonly models: Readonly<Record<string, { readonly best: readonly number[]; readonly rows: readonly number[][] }>>;
}

const goldens = JSON.parse(
  readFileSync(new URL('../fixtures/models/windows.json', import.meta.url), 'utf8'),
) as WindowGoldens;

describe.each(Object.keys(windowConfigs))('%s, past its window', (name) => {
  const golden = goldens.models[name]!;

  it("computes the logits of transformers' Mistral, all at once and token by token", async () => {
    for (const maxLogits of [1, 100]) {
      const model = await openBytes(tinyModel(name), { kvType: 'f32', maxLogits });
      const rows = await allLogits(model, windowPrompt);
      const sample = goldens.positions.map((p) => rows[p]!.filter((_, token) => token % goldens.every === 0));
      expect(Math.max(...sample.flatMap((row, i) => [...row].map((x, j) => Math.abs(x - golden.rows[i]![j]!))))).toBeLessThan(1e-4);
      expect(rows.map((row) => row.indexOf(Math.max(...row)))).toEqual(golden.best);
    }
  });
});
