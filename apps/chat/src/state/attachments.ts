/** Documents that belong to the conversation: attached to the next question, then searched for each one. */
import { signal } from '@preact/signals';
import { troubleOf } from '../app/troubles.ts';
import type { Message, SourcePlace } from '../storage/index.ts';

/** A file that is being read, or was. */
export interface Attached {
  readonly id: string;
  readonly name: string;
  readonly sizeBytes: number;
  readonly state: 'reading' | 'ready' | 'failed';
  readonly part: number;
  readonly why?: string;
}

/** What goes with the next question. */
export const attached = signal<readonly Attached[]>([]);

export function attach(files: readonly File[]): void {
  for (const file of files) {
    const { name, size: sizeBytes } = file;
    const why = troubleOf('Error: documents are not there yet').text;
    attached.value = [...attached.value, { id: name, name, sizeBytes, state: 'failed', part: 0, why }];
  }
}

export function detach(id: string): void {
  attached.value = attached.value.filter((file) => file.id !== id);
}

export async function passagesFor(_question: Message, _signal: AbortSignal): Promise<readonly SourcePlace[]> {
  return [];
}

/** Names of documents that went with a message. */
export const documentNames = (_ids: readonly string[]): readonly string[] => [];

/** Hands over what was attached, for the question that is sent. */
export function takeAttached(): readonly string[] {
  const ids = attached.value.filter(({ state }) => state === 'ready').map(({ id }) => id);
  attached.value = [];
  return ids;
}
