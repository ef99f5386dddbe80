import { afterEach, describe, expect, it } from 'vitest';
import { wgsl } from '#wgsl';
import { forgetSources } from '../../../src/backends/webgpu/sources.ts';
import { createWebgpuBackend, type WebgpuOptions } from '../../../src/backends/webgpu/webgpu.ts';
import { weight } from '../../../src/graph/graph.ts';
import { Recorder } from '../../../src/models/recorder.ts';
import type { GpuReport } from '../../../src/platform/gpu.ts';
import type { Notes } from '../../../src/platform/notes.ts';
import { quantByName } from '../../../src/quants/index.ts';
import { randomFile } from '../../kernels/weights.ts';
import { findDawn } from '../../helpers/dawn.ts';
import { readFrom } from '../case_runner.ts';

/** Kernels of products are chosen by timing, noted, and taken out of use when they compute wrongly. */

const { gpu } = await findDawn();

const q4_0 = quantByName.get('q4_0')!;
const f16 = quantByName.get('f16')!;
const table = weight({ name: 'table', quant: f16, shape: [50, 96] });
const matrix = weight({ name: 'matrix', quant: q4_0, shape: [96, 96] });
const files = new Map([
  ['table', randomFile(f16, 50, 96, 1)],
  ['matrix', randomFile(q4_0, 96, 96, 2)],
]);

function smallGraph() {
  const g = new Recorder({ nCtx: 64, maxTokens: 32, maxLogits: 2 });
  const x = g.matmul(matrix, g.matmul(matrix, g.embed(table)));
  return g.finish(g.matmul(table, g.lastRows(x)));
}

function notesInMemory(): Notes & { readonly kept: Map<string, unknown> } {
  const kept = new Map<string, unknown>();
  return {
    kept,
    read: async (name) => kept.get(name),
    write: async (name, value) => void kept.set(name, JSON.parse(JSON.stringify(value))),
  };
}

async function open(options: Partial<WebgpuOptions> = {}): Promise<GpuReport> {
  const weights = [table, matrix];
  const backend = await createWebgpuBackend({ gpu: gpu!, weights, graph: smallGraph(), isTuned: true, ...options });
  try {
    await backend.upload(weights, { read: readFrom(files) });
    return backend.gpu;
  } finally {
    backend.dispose();
  }
}

const sources = wgsl as Record<string, string>;
const whole = { ...sources };
afterEach(() => {
  Object.assign(sources, whole);
  forgetSources();
});

/** Has the kernels for activations in two digits compute wrongly. */
function spoilDigits(): void {
  sources['lib/put_digits'] = whole['lib/put_digits']!.replaceAll('128', '96');
  forgetSources();
}

const kinds = ['q4_0, few rows', 'f16, few rows', 'q4_0, some rows', 'q4_0, many rows'];

describe.skipIf(!gpu)('kernels of products', () => {
  it('are chosen by timing, each among all that can do it', async () => {
    const { choices } = await open();
    expect(choices.map(({ kind }) => kind)).toEqual(kinds);
    for (const { from, candidates, variant, sizes } of choices) {
      expect(from).toBe('timing');
      expect(candidates!.length).toBeGreaterThan(2);
      const times = candidates!.map(({ ms }) => ms!);
      expect(times.every((ms) => ms > 0 && ms < 1000)).toBe(true);
      const best = candidates![times.indexOf(Math.min(...times))]!;
      expect(best.candidate).toBe(
        `${variant} (${Object.entries(sizes)
          .map(([name, n]) => `${name} ${n}`)
          .join(', ')})`,
      );
    }
    expect(choices[0]!.candidates!.some(({ candidate }) => candidate.includes('digits'))).toBe(true);
  });

  it('are noted by device and browser, and not timed again', async () => {
    const notes = notesInMemory();
    const first = await open({ notes, runtime: 'one' });
    const again = await open({ notes, runtime: 'one' });
    expect(again.choices).toEqual(first.choices.map((each) => ({ ...each, from: 'notes' })));
    await open({ notes, runtime: 'two' });
    expect(
      [...notes.kept.keys()].map((name) => name.includes('llvmpipe') && /; (one|two); exact$/.exec(name)?.[1]),
    ).toEqual(['one', 'two']);
  });

  it('take the place of notes that this device cannot follow', async () => {
    const notes = notesInMemory();
    await open({ notes });
    const [[name, note]] = [...notes.kept] as [[string, { variant: string }[]]];
    const [first, ...others] = note;
    notes.kept.set(name, [{ ...first, variant: 'mat_vec, dreams' }, ...others]);
    await open({ notes });
    const kept = notes.kept.get(name) as { kind: string; variant: string }[];
    expect(kept.map(({ kind }) => kind).sort()).toEqual([...kinds].sort());
    expect(kept.map(({ variant }) => variant)).not.toContain('mat_vec, dreams');
  });

  it('are chosen anew where a note says what this device cannot do, or nothing', async () => {
    for (const note of [17, [{ kind: kinds[0], variant: 'mat_vec, dreams', sizes: {} }], [null], { a: 1 }]) {
      const notes: Notes = { read: async () => note, write: async () => undefined };
      expect((await open({ notes })).choices.map(({ from }) => from)).toEqual(kinds.map(() => 'timing'));
    }
  });

  it('that compute wrongly are not chosen', async () => {
    spoilDigits();
    const { choices } = await open();
    for (const { variant, candidates } of choices) {
      expect(variant).not.toContain('digits');
      for (const { candidate, refused } of candidates!)
        expect([candidate, refused?.replace(/[\d.]+ %/, 'n %')]).toEqual([
          candidate,
          candidate.includes('digits') ? 'its numbers are wrong by n %' : undefined,
        ]);
    }
  });

  it('are neither taken nor noted where each is refused', async () => {
    sources['quants/q4_0'] = whole['quants/q4_0']!.replace('fn unit(', 'fn nothing(');
    forgetSources();
    const notes = notesInMemory();
    const { choices } = await open({ notes, checks: false });
    expect(choices.map(({ kind, from }) => `${kind}: ${from}`)).toEqual(
      kinds.map((kind) => `${kind}: ${kind.startsWith('q4_0') ? 'default' : 'timing'}`),
    );
    const [noted] = [...notes.kept.values()] as { kind: string }[][];
    expect(noted!.map(({ kind }) => kind)).toEqual(['f16, few rows']);
  });

  it('lose their place when they compute wrongly after an update of the browser that nobody noticed', async () => {
    const notes = notesInMemory();
    await open({ notes });
    const [name] = notes.kept.keys();
    const digits = [{ kind: kinds[0], variant: 'mat_vec, digits, 8 rows by lanes', sizes: { threads: 64, lanes: 16 } }];
    notes.kept.set(name!, digits);
    expect((await open({ notes, isTuned: false })).choices[0]).toMatchObject({
      variant: 'mat_vec, digits, 8 rows by lanes',
      from: 'notes',
    });
    spoilDigits();
    const { choices, checks } = await open({ notes, isTuned: false });
    expect(notes.kept.get(name!)).toEqual([]);
    expect(choices[0]).toMatchObject({ variant: 'mat_vec, floats, 4 rows by shares', from: 'default' });
    expect(checks.filter(({ refused }) => refused).map(({ kernel }) => kernel)).toEqual(
      expect.arrayContaining([expect.stringContaining('digits')]),
    );
  });

  it('are the plain ones of software, which is not worth the time', async () => {
    const { choices } = await open({ isTuned: undefined });
    expect(choices.every(({ from, candidates }) => from === 'default' && candidates === undefined)).toBe(true);
  });
});
