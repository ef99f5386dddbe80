interface Wrapping {
  readonly width: number;
  /** Spaces before the first line, and before the others. */
  readonly first?: number;
  readonly rest?: number;
  /** Ends a line that goes on: a shell wants a backslash. */
  readonly ending?: string;
}

/** Puts words on lines. A word that is longer than a line keeps one of its own. */
export function wrapWords(
  words: readonly string[],
  { width, first = 0, rest = first, ending = '' }: Wrapping,
): string[] {
  const lines: string[] = [];
  let line = ' '.repeat(first);
  let isEmpty = true;
  for (const [i, word] of words.entries()) {
    const room = width - (i < words.length - 1 ? ending.length : 0);
    if (!isEmpty && line.length + 1 + word.length > room) {
      lines.push(line + ending);
      line = ' '.repeat(rest);
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line];
}
