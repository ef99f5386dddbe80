/**
 * Breaks streamed text between words. A word is shown letter by letter; one that turns out not to fit is taken back and
 * put on the next line. Only for terminals: what is written moves the cursor.
 */
export interface Wrapper {
  /** What to write for this text. */
  push(text: string): string;
}

/** `columns` is asked every time, because windows change. */
export function startWrapper(columns: () => number): Wrapper {
  let column = 0;
  /** The word at the cursor and its width. */
  let word = '';
  let wordWidth = 0;
  const startWord = (): void => {
    word = '';
    wordWidth = 0;
  };
  const pushChar = (char: string): string => {
    if (char === '\n') {
      column = 0;
      startWord();
      return char;
    }
    const width = char === '\t' ? 8 - (column % 8) : cellsOf(char);
    const isFull = column + width > columns();
    if (/\s/.test(char)) {
      startWord();
      if (isFull) return ''; // a space at the edge is the line break
      column += width;
      return char;
    }
    const takesBack = isFull && wordWidth > 0 && wordWidth < column;
    const moved = takesBack ? `\x1b[${wordWidth}D\x1b[K\n${word}` : isFull ? '\n' : '';
    if (isFull) column = takesBack ? wordWidth : 0;
    column += width;
    if (width === 2)
      startWord(); // scripts without spaces may break anywhere
    else {
      word += char;
      wordWidth += width;
    }
    return moved + char;
  };
  return { push: (text) => [...text].map(pushChar).join('') };
}

/** Cells that a character takes: none for marks and joiners, two for East Asian scripts and emoji. */
function cellsOf(char: string): number {
  if (/[\p{Mn}\p{Me}\p{Cf}]/u.test(char)) return 0;
  return /[\p{Emoji_Presentation}\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]/u.test(
    char,
  )
    ? 2
    : 1;
}
