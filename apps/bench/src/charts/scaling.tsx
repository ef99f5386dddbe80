import { useMemo } from 'preact/hooks';
import type uPlot from 'uplot';
import { SCALED_QUANT } from '../../../../bench/measure/plan.ts';
import { ceilingOf, quantOf, type DeviceResult } from '../../../../bench/measure/result.ts';
import { digits, quantWord } from '../format.ts';
import { aligned, axis, Chart, Legend, line, still, type Colours } from './chart.tsx';

/** What is compared among numbers of threads: its title, the numbers, the line's kind. */
const columns = [
  {
    title: 'memory, GB/s',
    kind: 'line plain',
    of: (result: DeviceResult, n: number) => ceilingOf(result, 'read', n)?.perSecond,
  },
  {
    title: `${quantWord(SCALED_QUANT)} decode, GB/s`,
    kind: 'line first',
    of: (result: DeviceResult, n: number) => kernelAt(result, n, 'decode')?.gbPerSecond,
  },
  {
    title: `${quantWord(SCALED_QUANT)} prefill, GMAC/s`,
    kind: 'line second',
    of: (result: DeviceResult, n: number) => kernelAt(result, n, 'prefill')?.gmacPerSecond,
  },
] as const;

const kernelAt = ({ kernels }: DeviceResult, n: number, work: string) =>
  kernels.find((one) => one.threads === n && quantOf(one) === SCALED_QUANT && one.name.startsWith(work))?.timing;

export const threadCountsOf = ({ ceilings }: DeviceResult): number[] =>
  [...new Set(ceilings.map(({ threads }) => threads))].sort((a, b) => a - b);

const options = (counts: readonly number[]) => (colours: Colours) => ({
  ...still,
  scales: {
    x: { time: false, range: (): [number, number] => [1, counts.at(-1)!] },
    y: {
      range: (_: unknown, _min: number, most: number): [number, number] => [0, Math.max(counts.at(-1)!, most) * 1.05],
    },
  },
  axes: [
    axis(colours, 'threads', { size: 24, splits: () => [...counts] }),
    axis(colours, 'times as fast as one', { incrs: [0.5, 1, 2] }),
  ],
  series: [
    {},
    line('as many times as threads', colours.muted, { width: 1, dash: [2, 4] }),
    line('memory', colours.text, { width: 1.5 }),
    line('decode', colours.first, { points: { show: true, size: 7, fill: colours.first } }),
    line('prefill', colours.second, { points: { show: true, size: 7, fill: colours.second } }),
  ],
});

/** What more threads bring. */
export function Scaling({ result }: { readonly result: DeviceResult }) {
  const counts = threadCountsOf(result);
  const data = useMemo((): uPlot.AlignedData => {
    const lines = columns.map(({ of }) => {
      const one = of(result, 1);
      return counts.flatMap((n): (readonly [number, number])[] => {
        const now = of(result, n);
        return one && now ? [[n, now / one]] : [];
      });
    });
    return aligned(
      counts.map((n) => [n, n] as const),
      ...lines,
    );
  }, [result]);
  const made = useMemo(() => options(counts), [counts.join()]);
  return (
    <figure>
      <Chart
        label="Speed by number of threads, as times the speed of one. The table below has the numbers."
        data={data}
        options={made}
        aspect={0.6}
      />
      <Legend items={columns.map(({ kind, title }) => [kind, title.replace(/,.*/, '')] as const)} />
      <div class="scroll" tabIndex={0} role="group" aria-label="Speed by number of threads">
        <table>
          <thead>
            <tr>
              <th scope="col">threads</th>
              {columns.map(({ title }) => (
                <th scope="col" class="number" key={title}>
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {counts.map((n) => (
              <tr key={n}>
                <th scope="row">{n}</th>
                {columns.map(({ title, of }) => (
                  <td class="number" key={title}>
                    {digits(of(result, n) ?? NaN)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </figure>
  );
}
