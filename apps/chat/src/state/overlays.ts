/** Sheets, menus and dialogues above the page: the last one is on top. */
import { signal } from '@preact/signals';
import type { ComponentChild } from 'preact';

export interface Overlay {
  readonly id: number;
  readonly render: (close: () => void) => ComponentChild;
}

export const overlays = signal<readonly Overlay[]>([]);

let nOverlays = 0;

/** @returns what closes it */
export function openOverlay(render: Overlay['render']): () => void {
  const id = ++nOverlays;
  overlays.value = [...overlays.value, { id, render }];
  return () => closeOverlay(id);
}

export function closeOverlay(id: number): void {
  overlays.value = overlays.value.filter((overlay) => overlay.id !== id);
}

export function closeAll(): void {
  overlays.value = [];
}
