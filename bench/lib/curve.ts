/** A point of memory (GB) and speed (tokens a second). */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** How one engine does, with its name. */
export interface Line {
  readonly name: string;
  readonly points: readonly Point[];
}

const [WIDTH, HEIGHT, MARGIN] = [640, 320, 48];
const COLOURS = ['#0a6', '#c50', '#46c'];

/** Memory → tokens a second, as an SVG that documents show. */
export function curve(lines: readonly Line[]): string {
  const all = lines.flatMap(({ points }) => points);
  const mostX = Math.max(...all.map(({ x }) => x));
  const mostY = Math.max(...all.map(({ y }) => y));
  const [left, bottom, right] = [MARGIN, HEIGHT - MARGIN, WIDTH - MARGIN];
  const at = ({ x, y }: Point): [string, number] => [
    (left + (x / mostX) * (right - left)).toFixed(1),
    Number((bottom - (y / mostY) * (bottom - MARGIN)).toFixed(1)),
  ];
  const drawn = lines.map(({ name, points }, i) => {
    const colour = COLOURS[i % COLOURS.length]!;
    const sorted = [...points].sort((a, b) => a.x - b.x);
    const marks = sorted.map((point) => {
      const [x, y] = at(point);
      const label = `<text x="${x}" y="${(y - 8).toFixed(1)}" text-anchor="middle">${point.y.toFixed(1)}</text>`;
      return `<circle cx="${x}" cy="${y}" r="3"/>${label}`;
    });
    const path = sorted.map((point) => at(point).join(',')).join(' ');
    const title = `<text x="${left + 16}" y="${MARGIN + 16 * (i + 1)}">${name}</text>`;
    return `<g fill="${colour}">\n<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>\n${marks.join('\n')}\n${title}\n</g>`;
  });
  const ticks = [...new Set(all.map(({ x }) => x))].map(
    (x) => `<text x="${at({ x, y: 0 })[0]}" y="${bottom + 18}" text-anchor="middle">${x.toFixed(2)}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" fill="#444">
<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>
<path d="M${left} ${MARGIN}V${bottom}H${right}" fill="none" stroke="#444"/>
${drawn.join('\n')}
${ticks.join('\n')}
<text x="${left}" y="${MARGIN - 20}">tokens a second</text>
<text x="${right}" y="${HEIGHT - 8}" text-anchor="end">memory, GB</text>
</svg>
`;
}
