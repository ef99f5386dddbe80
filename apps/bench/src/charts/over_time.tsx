import { useMemo } from 'preact/hooks';
import type uPlot from 'uplot';
import type { Sustained } from '../../../../bench/measure/result.ts';
import { clock } from '../format.ts';
import { axis, Chart, line, still, type Colours } from './chart.tsx';

const minutesWord = (_: unknown, at: number[]): string[] => at.map(clock);

/** Times in the background, as bands behind the line. */
const bands =
  (hidden: Sustained['hidden'], colours: Colours) =>
  (plot: uPlot): void => {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.fillStyle = colours.grid;
    for (const [from, to] of hidden) {
      const [left, right] = [plot.valToPos(from, 'x', true), plot.valToPos(to, 'x', true)];
      ctx.fillRect(left, bbox.top, Math.max(1, right - left), bbox.height);
    }
    ctx.restore();
  };

/** Decode speed over minutes. */
export function OverTime({ sustained: { samples, hidden } }: { readonly sustained: Sustained }) {
  const data = useMemo((): uPlot.AlignedData => [samples.map(([at]) => at), samples.map(([, tps]) => tps)], [samples]);
  const options = useMemo(
    () => (colours: Colours) => ({
      ...still,
      scales: {
        x: { time: false },
        y: { range: (_: unknown, _least: number, most: number): [number, number] => [0, Math.max(1, most) * 1.1] },
      },
      axes: [
        axis(colours, 'minutes', { size: 24, values: minutesWord, incrs: [1, 2, 5, 10, 15, 30, 60, 120, 300, 600] }),
        axis(colours, 'tok/s', { size: 38 }),
      ],
      series: [
        {},
        line('decode', colours.first, { points: { show: samples.length < 4, size: 7, fill: colours.first } }),
      ],
      hooks: { drawAxes: [bands(hidden, colours)] },
    }),
    [hidden, samples.length < 4],
  );
  return (
    <Chart
      label="Decode speed over time, in tokens per second. The table below has the numbers by the minute."
      {...{ data, options }}
      aspect={0.6}
    />
  );
}
