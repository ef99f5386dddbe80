import { useMemo } from 'preact/hooks';
import type uPlot from 'uplot';
import { ceilingOf, type DeviceResult } from '../../../../bench/measure/result.ts';
import { digits } from '../format.ts';
import { aligned, axis, Chart, dots, font, Legend, line, still, type Colours } from './chart.tsx';

/** Multiply-adds for a byte: from one of 32-bit weights to hundreds of a prefill's. */
export const PLACES = Array.from({ length: 15 }, (_, i) => 2 ** (i - 3));
export const [LEFT, RIGHT] = [PLACES[0]!, PLACES.at(-1)!];

export type Point = readonly [number, number];

/** Powers of two that a phone has room for. */
const splits = (): number[] => [0.25, 1, 4, 16, 64, 256, 1024];

/** 1, 2, 5, 10 …: a logarithmic axis has more lines than names. */
const roundWords = (_: unknown, at: (number | null)[]): string[] =>
  at.map((y) => (y !== null && /^[125](\.0*)?e/.test(y.toExponential(3)) ? String(y) : ''));

/** Multiply-adds for a byte, and how many there are in a second. */
export const intensityAxes = (colours: Colours): uPlot.Axis[] => [
  axis(colours, 'multiply-adds for a byte of weights', {
    size: 24,
    splits,
    values: (_: unknown, at: (number | null)[]) => at.map((x) => (x === null ? '' : String(x))),
  }),
  axis(colours, 'GMAC/s', { size: 38, values: roundWords }),
];

interface Ceilings {
  readonly read: number;
  readonly dot: number;
  readonly f32: number;
}

function rooflineData({ kernels, threads }: DeviceResult, { read, dot, f32 }: Ceilings): uPlot.AlignedData {
  const points = (work: (name: string) => boolean): Point[] =>
    kernels.flatMap(({ name, timing, threads: n }) =>
      timing && n === threads && work(name)
        ? [[timing.gmacPerSecond / timing.gbPerSecond, timing.gmacPerSecond] as const]
        : [],
    );
  const knee = dot / read;
  const roof = [...PLACES.filter((x) => x < knee), knee, ...PLACES.filter((x) => x > knee)];
  return aligned(
    roof.map((x): Point => [x, Math.min(dot, read * x)]),
    roof.filter((x) => x >= f32 / read).map((x): Point => [x, f32]),
    points((name) => name === 'decode'),
    points((name) => name !== 'decode'),
  );
}

/** The ceilings' names, written along them. */
function named({ read, dot, f32 }: Ceilings, colours: Colours) {
  return (plot: uPlot): void => {
    const { ctx } = plot;
    const ratio = devicePixelRatio;
    const [x0, y0] = [plot.valToPos(LEFT, 'x', true), plot.valToPos(read * LEFT, 'y', true)];
    const [x1, y1] = [plot.valToPos(2 * LEFT, 'x', true), plot.valToPos(2 * read * LEFT, 'y', true)];
    ctx.save();
    ctx.font = font(12 * ratio);
    ctx.fillStyle = colours.text;
    ctx.textAlign = 'right';
    const right = plot.bbox.left + plot.bbox.width - 4 * ratio;
    ctx.fillText(`int8 dot ${digits(dot)}`, right, plot.valToPos(dot, 'y', true) - 6 * ratio);
    ctx.fillText(`float ${digits(f32)}`, right, plot.valToPos(f32, 'y', true) + 14 * ratio);
    ctx.translate(x0, y0);
    ctx.rotate(Math.atan2(y1 - y0, x1 - x0));
    ctx.textAlign = 'left';
    ctx.fillText(`memory ${digits(read)} GB/s`, 14 * ratio, -8 * ratio);
    ctx.restore();
  };
}

/** Kernels against this device's own ceilings: none can be above the roof, and the nearer the better. */
export function Roofline({ result }: { readonly result: DeviceResult }) {
  const { threads } = result;
  const most = (limit: 'read' | 'dot' | 'f32'): number | undefined => ceilingOf(result, limit, threads)?.perSecond;
  const [read, dot, f32] = [most('read'), most('dot'), most('f32')];
  const ceilings = read && dot && f32 ? { read, dot, f32 } : undefined;
  const data = useMemo(() => ceilings && rooflineData(result, ceilings), [result]);
  const options = useMemo(
    () => (colours: Colours) => ({
      ...still,
      scales: {
        x: { time: false, distr: 3 as const, log: 2 as const, range: () => [LEFT, RIGHT] as [number, number] },
        y: { distr: 3 as const, range: () => [ceilings!.read * LEFT * 0.8, ceilings!.dot * 1.9] as [number, number] },
      },
      axes: intensityAxes(colours),
      series: [
        {},
        line('roof', colours.text, { width: 1.5 }),
        line('float', colours.muted, { width: 1, dash: [4, 4] }),
        dots('decode', colours.first),
        dots('prefill', colours.second),
      ],
      hooks: { draw: [named(ceilings!, colours)] },
    }),
    [result],
  );
  if (!ceilings || !data) return null;
  return (
    <figure>
      <Chart
        label="Roofline: speed of each kernel by multiply-adds for a byte, under the memory's and the arithmetic's ceilings. The table of kernels has the numbers."
        {...{ data, options }}
      />
      <Legend
        items={[
          ['dot first', 'decode, a type each'],
          ['dot second', 'prefill'],
        ]}
      />
    </figure>
  );
}
