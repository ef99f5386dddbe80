/** What is written and not sent yet. It outlives a reload. */
import { signal } from '@preact/signals';
import { kept } from './kept.ts';

export const draft = kept<string>('draft', '', (value) => typeof value === 'string');

/** Counts up when the place to write should get the focus. */
export const draftFocus = signal(0);

export function writeDraft(text: string): void {
  draft.value = text;
  draftFocus.value++;
}
