/** Sampler presets, and the one that is in force. */
import { computed, signal } from '@preact/signals';
import type { SamplerOptions } from 'thimble';
import { kept } from './kept.ts';
import { preset as presetId } from './settings.ts';
import type { Preset } from './types.ts';

export const presets: readonly Preset[] = [
  { id: 'model', name: 'Recommended', about: 'What the makers of the model advise.', sampler: {} },
  {
    id: 'precise',
    name: 'Precise',
    about: 'Always the likeliest word: facts, sums, rewriting. The same question gets the same answer.',
    sampler: { temperature: 0.1, topP: 0.9, minP: 0.05, dryMultiplier: 0.8, dryAllowedLength: 4 },
  },
  {
    id: 'balanced',
    name: 'Balanced',
    about: 'Some freedom: everyday talk.',
    sampler: { temperature: 0.7, topP: 0.95, topK: 40, minP: 0.05 },
  },
  {
    id: 'creative',
    name: 'Creative',
    about: 'Much freedom: stories, names, ideas.',
    sampler: { temperature: 1.1, topP: 0.98, topK: 0, minP: 0.05, xtcProbability: 0.3 },
  },
];

/** What can be set by hand. `neutral`: the value at which it does nothing, or the engine's own default. */
export interface Knob {
  readonly name: KnobName;
  readonly label: string;
  readonly about: string;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  readonly neutral: number;
}

export type KnobName = 'temperature' | 'topP' | 'topK' | 'minP' | 'repeatPenalty' | 'dryMultiplier';

export const knobs: readonly Knob[] = [
  {
    name: 'temperature',
    label: 'Temperature',
    about: '0 always takes the likeliest word; more is freer.',
    min: 0,
    max: 2,
    step: 0.05,
    neutral: 0.8,
  },
  {
    name: 'topP',
    label: 'Top P',
    about: 'Likely words up to this share of the chances.',
    min: 0.05,
    max: 1,
    step: 0.05,
    neutral: 0.95,
  },
  {
    name: 'topK',
    label: 'Top K',
    about: 'So many of the likeliest words; 0 for all.',
    min: 0,
    max: 100,
    step: 1,
    neutral: 40,
  },
  {
    name: 'minP',
    label: 'Min P',
    about: 'Words at least this likely beside the best one.',
    min: 0,
    max: 0.5,
    step: 0.01,
    neutral: 0.05,
  },
  {
    name: 'repeatPenalty',
    label: 'Repetition penalty',
    about: 'Makes recent words less likely; 1 for none.',
    min: 1,
    max: 1.5,
    step: 0.01,
    neutral: 1,
  },
  {
    name: 'dryMultiplier',
    label: 'Phrase penalty (DRY)',
    about: 'Against whole phrases that come again; 0 for none.',
    min: 0,
    max: 2,
    step: 0.1,
    neutral: 0,
  },
];

type Own = Partial<Record<KnobName, number>>;

const isOwn = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  Object.entries(value).every(([name, number]) => {
    const knob = knobs.find((knob) => knob.name === name);
    return knob !== undefined && typeof number === 'number' && number >= knob.min && number <= knob.max;
  });

/** Knobs that the user turned; they go before the preset. */
export const ownKnobs = kept<Own>('knobs', {}, isOwn);

/** Longest answer in tokens; 0: as long as it takes. */
export const maxTokens = kept<number>('max-tokens', 0, (value) => Number.isInteger(value) && Number(value) >= 0);

/** A fixed seed, for answers that come out the same; empty: another one each time. */
export const seedText = signal('');

export const currentPreset = computed(() => presets.find(({ id }) => id === presetId.value) ?? presets[0]!);

export const sampler = computed<SamplerOptions>(() => ({ ...currentPreset.value.sampler, ...ownKnobs.value }));

export function turnKnob(name: KnobName, value: number): void {
  ownKnobs.value = { ...ownKnobs.value, [name]: value };
}

export function choosePreset(id: string): void {
  presetId.value = id;
  ownKnobs.value = {};
}
