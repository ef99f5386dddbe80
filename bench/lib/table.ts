/** A markdown table that also reads well as text: names to the left, numbers to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], nNames = 1): string {
  const widths = head.map((title, c) => Math.max(title.length, 3, ...rows.map((row) => row[c]!.length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, c) => (c < nNames ? cell.padEnd(widths[c]!) : cell.padStart(widths[c]!))).join(' | ')} |`;
  const rule = widths.map((width, c) => (c < nNames ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}
