import { useEffect, useRef, useState } from 'preact/hooks';
import type uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

/** Colours of the page's theme: charts are drawn on a canvas, which knows no style sheet. */
export interface Colours {
  readonly text: string;
  readonly muted: string;
  readonly grid: string;
  readonly surface: string;
  readonly first: string;
  readonly second: string;
}

export type MakeOptions = (colours: Colours, width: number) => Omit<uPlot.Options, 'width' | 'height'>;

interface ChartProps {
  /** What it shows, for those who cannot see it; the numbers stand in a table beside it. */
  readonly label: string;
  readonly data: uPlot.AlignedData;
  readonly options: MakeOptions;
  /** Height for its width. */
  readonly aspect?: number;
}

export const font = (size: number): string => `${size}px system-ui, sans-serif`;

function coloursOf(element: Element): Colours {
  const style = getComputedStyle(element);
  const names = ['text', 'muted', 'grid', 'surface', 'first', 'second'] as const;
  return Object.fromEntries(
    names.map((name) => [name, style.getPropertyValue(`--chart-${name}`).trim()]),
  ) as unknown as Colours;
}

type Drawing = typeof uPlot;

/** The library that draws: the page does without until there is something to draw. */
let drawing: Promise<Drawing> | undefined;
const loadDrawing = (): Promise<Drawing> => (drawing ??= import('uplot').then((module) => module.default));

/** A uPlot chart as wide as its column, drawn anew when the column or the theme changes. */
export function Chart({ label, data, options, aspect = 0.72 }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const [Plot, setPlot] = useState<{ readonly of: Drawing }>();
  const [cannot, setCannot] = useState(false);
  useEffect(() => {
    loadDrawing().then(
      (of) => setPlot({ of }),
      () => setCannot(true), // a browser that names no language it knows, or no network
    );
  }, []);
  useEffect(() => {
    if (Plot)
      return drawn(Plot.of, place.current!, (width) => {
        const height = Math.round(Math.min(360, Math.max(220, width * aspect)));
        return { options: (colours) => ({ ...options(colours, width), width, height }), data };
      });
  }, [Plot, data, options, aspect]);
  if (cannot) return <p class="about">No chart can be drawn here; the table has its numbers.</p>;
  return <div ref={place} class="chart" role="img" aria-label={label} />;
}

interface Sized {
  readonly options: (colours: Colours) => uPlot.Options;
  readonly data: uPlot.AlignedData;
}

/** Draws into an element now and whenever it should look different. @returns what ends that */
function drawn(Plot: Drawing, element: HTMLElement, sized: (width: number) => Sized): () => void {
  let plot: uPlot | undefined;
  let drawnWidth = 0;
  const draw = (): void => {
    drawnWidth = Math.floor(element.clientWidth);
    if (drawnWidth === 0) return;
    plot?.destroy();
    const { options, data } = sized(drawnWidth);
    plot = new Plot(options(coloursOf(element)), data, element);
  };
  const resized = new ResizeObserver(() => Math.floor(element.clientWidth) !== drawnWidth && draw());
  const theme = matchMedia('(prefers-color-scheme: dark)');
  theme.addEventListener('change', draw);
  resized.observe(element);
  draw();
  return () => {
    theme.removeEventListener('change', draw);
    resized.disconnect();
    plot?.destroy();
  };
}

/** An axis in the page's type, thin lines, and a name. */
export const axis = (colours: Colours, label: string, more: uPlot.Axis = {}): uPlot.Axis => ({
  ...{
    label,
    labelFont: font(12),
    labelSize: 18,
    labelGap: 0,
    font: font(12),
    stroke: colours.muted,
    size: 34,
    gap: 4,
  },
  grid: { stroke: colours.grid, width: 1 },
  ticks: { show: false },
  ...more,
});

/** A line. */
export const line = (label: string, stroke: string, more: Partial<uPlot.Series> = {}): uPlot.Series => ({
  ...{ label, stroke, width: 2, points: { show: false }, spanGaps: true },
  ...more,
});

/** Points without a line. */
export const dots = (label: string, stroke: string, more: Partial<uPlot.Series> = {}): uPlot.Series => ({
  ...{ label, stroke, width: 0, paths: () => null },
  points: { show: true, size: 8, width: 1, stroke, fill: stroke },
  ...more,
});

/** Charts on a phone are looked at, not pointed at. */
export const still: Pick<uPlot.Options, 'legend' | 'cursor' | 'padding'> = {
  legend: { show: false },
  cursor: { show: false },
  padding: [12, 12, 0, 0],
};

/** Charts put several columns of numbers over one row of places: missing ones are gaps. */
export function aligned(...columns: readonly (readonly (readonly [number, number])[])[]): uPlot.AlignedData {
  const places = [...new Set(columns.flat().map(([x]) => x))].sort((a, b) => a - b);
  const at = new Map(places.map((x, i) => [x, i]));
  const rows = columns.map((points) => {
    const row: (number | null)[] = places.map(() => null);
    for (const [x, y] of points) row[at.get(x)!] = y;
    return row;
  });
  return [places, ...rows];
}

/** Names of a chart's lines, in its colours. */
export function Legend({ items }: { readonly items: readonly (readonly [kind: string, label: string])[] }) {
  return (
    <ul class="legend" aria-hidden="true">
      {items.map(([kind, label]) => (
        <li key={label}>
          <span class={`swatch ${kind}`} />
          {label}
        </li>
      ))}
    </ul>
  );
}
