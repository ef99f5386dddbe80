import type { DocumentPart } from '../storage/types.ts';

/** The headings above a part, outermost first. */
const between = ' › ';

/** A part for each heading, which is its first line; what stands before the first one is a part, too. */
export function markdownParts(text: string): DocumentPart[] {
  const parts: DocumentPart[] = [];
  const headings: string[] = [];
  let lines: string[] = [];
  let fence: string | undefined;
  const end = () => {
    if (lines.some((line) => line.trim() !== ''))
      parts.push({ place: headings.filter(Boolean).join(between), text: lines.join('\n') });
    lines = [];
  };
  for (const line of text.split('\n')) {
    const [mark] = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.slice(1) ?? [];
    if (mark !== undefined) fence = fence === undefined ? mark : line.trim().startsWith(fence) ? undefined : fence;
    const [, level, title] = (fence === undefined && /^ {0,3}(#{1,6})\s+(.*?)\s*#*\s*$/.exec(line)) || [];
    if (level !== undefined) {
      end();
      headings.length = Math.min(headings.length, level.length - 1);
      headings[level.length - 1] = title!;
    }
    lines.push(line);
  }
  end();
  return parts;
}
