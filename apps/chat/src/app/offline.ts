/** Use without a network, and new versions, which never come in the middle of an answer. */
import { effect, signal, untracked } from '@preact/signals';
import { downloads } from '../models/downloads.ts';
import { startOffline } from '../offline/index.ts';
import { isBusy, writing } from '../state/answering.ts';
import { draft } from '../state/draft.ts';
import { notify } from '../state/notices.ts';

/** Shows the new version that is there. */
export const newVersion = signal<(() => void) | undefined>(undefined);

export function begin(): void {
  effect(() => {
    const reload = newVersion.value;
    if (!reload || writing.value !== null) return;
    untracked(() => notify('A new version is here.', { label: 'Reload', run: reload }));
  });
  void startOffline({ mayReload, onUpdate: (reload) => (newVersion.value = reload) });
}

const mayReload = (): boolean => !isBusy() && draft.value === '' && Object.keys(downloads.value).length === 0;
