/** What the app says in passing, and what it says to those who listen. */
import { signal } from '@preact/signals';
import { spokenText } from './spoken_text.ts';

export interface Notice {
  readonly id: number;
  readonly text: string;
  readonly action?: { readonly label: string; readonly run: () => void };
}

export const notices = signal<readonly Notice[]>([]);

let nNotices = 0;

/** Shows a line for a while; longer where there is something to do about it. */
export function notify(text: string, action?: Notice['action']): void {
  const id = ++nNotices;
  const notice: Notice = action ? { id, text, action } : { id, text };
  notices.value = [...notices.value.slice(-2), notice];
  setTimeout(() => dismiss(id), action ? 8000 : 4000);
}

export function dismiss(id: number): void {
  notices.value = notices.value.filter((notice) => notice.id !== id);
}

/** What a screen reader says next. */
export const spoken = signal('');

export function say(text: string): void {
  spoken.value = text;
}

/** The end of a sentence, in scripts that mark it. */
const SENTENCE_END = /[.!?…:](?=\s)|[。！？؟।](?=\S|\s)|\n+/g;

/** Hands out a text that grows, a finished sentence at a time; what was there before is not said. */
export function createSpeaker(nBefore = 0): { grow(text: string): void; end(text: string): void } {
  let nSaid = nBefore;
  const sayUpTo = (text: string, end: number) => {
    const words = spokenText(text.slice(nSaid, end)).trim();
    nSaid = end;
    if (words) say(words);
  };
  return {
    grow(text) {
      let end = 0;
      for (const match of text.slice(nSaid).matchAll(SENTENCE_END)) end = match.index + match[0].length;
      if (end > 0) sayUpTo(text, nSaid + end);
    },
    end: (text) => sayUpTo(text, text.length),
  };
}
