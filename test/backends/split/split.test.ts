import { describe, expect, it } from 'vitest';
import { referenceBackend } from '../../../src/backends/reference/reference.ts';
import { bytesOfGraph, planSplit } from '../../../src/backends/split/plan.ts';
import { splitBackend } from '../../../src/backends/split/split.ts';
import type { BackendFactory } from '../../../src/engine/backend_plan.ts';
import { allLogits, openBytes, reference } from '../../helpers/open.ts';
import { familyConfigs, tinyConfigs, tinyModel, tinyPrompt } from '../../helpers/tiny_models.ts';

const names = [...Object.keys(tinyConfigs), ...Object.keys(familyConfigs)];

/** Two reference backends; the second one may take this part of what the whole model would. */
const split =
  (share: number): BackendFactory =>
  async ({ graph, weights }) => {
    const mostBytes = share * bytesOfGraph(graph, weights, 1);
    const plan = planSplit({ graph, weights, maxSessions: 1, mostBytes });
    expect(plan, `nothing of ${graph.nodes.length} nodes fits`).toBeDefined();
    expect(plan!.secondBytes).toBeLessThanOrEqual(mostBytes);
    return splitBackend({ ...plan!, first: referenceBackend(), second: referenceBackend() });
  };

describe.each(names)('%s', (name) => {
  it('makes the same logits in two parts', async () => {
    const bytes = tinyModel(name);
    const opening = { maxLogits: 8, maxSessions: 1 };
    const whole = await openBytes(bytes, opening, reference);
    const wanted = await allLogits(whole, tinyPrompt);
    for (const share of [0.7, 0.95]) {
      const model = await openBytes(bytes, opening, split(share));
      expect(model.info.backend).toBe('reference and reference');
      expect(await allLogits(model, tinyPrompt)).toEqual(wanted);
    }
  });
});
