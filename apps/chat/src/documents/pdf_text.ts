/** The text of a PDF's page, out of pieces that know only where they stand. */

/** As pdf.js gives it. */
export interface TextPiece {
  readonly str: string;
  readonly hasEOL: boolean;
  readonly height: number;
  /** `[a b c d x y]`: y grows upwards. */
  readonly transform: readonly number[];
}

/** Lines that stand farther apart than this, in their own heights, are of two paragraphs. */
const paragraphGap = 1.8;

export function pageText(pieces: readonly TextPiece[]): string {
  const lines: { text: string; y: number; height: number }[] = [];
  let line = { text: '', y: 0, height: 0 };
  const end = () => {
    if (line.text.trim() !== '') lines.push(line);
    line = { text: '', y: 0, height: 0 };
  };
  for (const { str, hasEOL, height, transform } of pieces) {
    if (line.text === '') line.y = transform[5]!;
    line.text += str;
    line.height = Math.max(line.height, height);
    if (hasEOL) end();
  }
  end();
  let text = '';
  for (const [i, { text: now, y, height }] of lines.entries()) {
    const before = lines[i - 1];
    if (before) text += isApart(before, { y, height }) ? '\n\n' : '\n';
    text += now;
  }
  return joined(text);
}

interface Line {
  readonly y: number;
  readonly height: number;
}

const isApart = (above: Line, below: Line): boolean => {
  const gap = above.y - below.y;
  return gap < 0 || gap > paragraphGap * Math.max(above.height, below.height, 1);
};

/** Lines of a paragraph become one, and words that were parted at a line's end become whole. */
const joined = (text: string): string =>
  text
    .replaceAll(/(\p{Ll})[-\u00ad]\n(\p{Ll})/gu, '$1$2')
    .replaceAll(/([^\n])\n(?=[^\n])/g, '$1 ')
    .replaceAll(/[ \t]+/g, ' ');
