/** A point of memory (GB) and speed (tokens a second). */
export interface Point {
  readonly x: number;
  readonly y: number;
}

const [WIDTH, HEIGHT, MARGIN] = [640, 320, 48];

/** Memory → tokens a second, as an SVG that documents show. */
export function curve(points: readonly Point[]): string {
  const mostX = Math.max(...points.map(({ x }) => x));
  const mostY = Math.max(...points.map(({ y }) => y));
  const at = ({ x, y }: Point): [number, number] => [
    MARGIN + (x / mostX) * (WIDTH - 2 * MARGIN),
    HEIGHT - MARGIN - (y / mostY) * (HEIGHT - 2 * MARGIN),
  ];
  const sorted = [...points].sort((a, b) => a.x - b.x);
  const line = sorted
    .map((point) =>
      at(point)
        .map((n) => n.toFixed(1))
        .join(','),
    )
    .join(' ');
  const marks = sorted.map((point) => {
    const [x, y] = at(point);
    const label = `<text x="${x.toFixed(1)}" y="${(y - 8).toFixed(1)}" text-anchor="middle">${point.y.toFixed(1)}</text>`;
    const below = `<text x="${x.toFixed(1)}" y="${HEIGHT - MARGIN + 18}" text-anchor="middle">${point.x.toFixed(2)}</text>`;
    return `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="3"/>${label}${below}`;
  });
  const [left, bottom, right] = [MARGIN, HEIGHT - MARGIN, WIDTH - MARGIN];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" fill="#444">
<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>
<path d="M${left} ${MARGIN}V${bottom}H${right}" fill="none" stroke="#444"/>
<polyline points="${line}" fill="none" stroke="#0a6" stroke-width="2"/>
${marks.join('\n')}
<text x="${left}" y="${MARGIN - 20}">tokens a second</text>
<text x="${right}" y="${HEIGHT - 8}" text-anchor="end">memory, GB</text>
</svg>
`;
}
