import type { Reading, Source } from './source.ts';

const blanks = ' \n\t\r';

/** How far a value has been read. */
interface State {
  depth: number;
  isQuoted: boolean;
  isEscaped: boolean;
  isDone: boolean;
}

/** Reads one value, as its JSON text, which is handed on as it comes. Whether it is JSON is seen by whoever parses it. */
export function* jsonValue(source: Source, say: (text: string) => void): Reading {
  const state: State = { depth: 0, isQuoted: false, isEscaped: false, isDone: false };
  for (let isBegun = false; !state.isDone; isBegun = true) {
    if (source.rest === '') {
      if (source.isEnd) return;
      yield;
      continue;
    }
    const nChars = advance(state, source.rest, isBegun);
    if (nChars > 0) say(source.take(nChars));
  }
}

/** So many of the next characters belong to the value. */
function advance(state: State, text: string, isBegun: boolean): number {
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (state.isQuoted) {
      if (state.isEscaped) state.isEscaped = false;
      else if (char === '\\') state.isEscaped = true;
      else if (char === '"') state.isQuoted = false;
      state.isDone = !state.isQuoted && state.depth === 0;
    } else if (char === '"') {
      state.isQuoted = true;
    } else if (char === '{' || char === '[') {
      state.depth++;
    } else if (state.depth > 0) {
      if (char === '}' || char === ']') state.isDone = --state.depth === 0;
    } else if ('}],:<`'.includes(char) || (blanks.includes(char) && (isBegun || i > 0))) {
      state.isDone = true; // behind a number, or a word
      return i;
    }
    if (state.isDone) return i + 1;
  }
  return text.length;
}

/** A value as data; undefined where it is no JSON. */
export function* jsonData(source: Source): Reading<unknown> {
  let text = '';
  yield* jsonValue(source, (piece) => (text += piece));
  return parsed(text);
}

/** Undefined where a text is no JSON. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** A piece of a text as it stands between the quotes of JSON. */
export const quoted = (piece: string): string => JSON.stringify(piece).slice(1, -1);
