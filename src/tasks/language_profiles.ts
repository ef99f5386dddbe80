import type { Profile } from './language_features.ts';
export const profiles: readonly Profile[] = [
  { script: 'Latin', languages: 'de en fr', step: 1, grams: 'the>B5|und>A5|les>C5' },
  { script: 'Cyrillic', languages: 'ru', step: 1, grams: 'и>A1' },
];
