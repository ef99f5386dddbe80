import { useMemo } from 'preact/hooks';
import type uPlot from 'uplot';
import { ceilingOf, type DeviceResult, type GpuResult } from '../../../../bench/measure/result.ts';
import { digits } from '../format.ts';
import { aligned, Chart, dots, Legend, line, still, type Colours } from './chart.tsx';
import { intensityAxes, LEFT, PLACES, RIGHT, type Point } from './roofline.tsx';

/** What bounds a processor: its memory, and its fastest arithmetic. */
interface Roof {
  readonly read: number;
  readonly macs: number;
}

const roofOfGpu = ({ ceilings }: GpuResult): Roof | undefined => {
  const of = (limit: string): number | undefined => ceilings.find((one) => one.limit === limit)?.perSecond;
  const [read, macs] = [of('read'), Math.max(...['f32', 'f16', 'dot'].map((limit) => of(limit) ?? 0))];
  return read && macs ? { read, macs } : undefined;
};

function roofOfCpu(result: DeviceResult): Roof | undefined {
  const [read, dot] = (['read', 'dot'] as const).map((limit) => ceilingOf(result, limit, result.threads)?.perSecond);
  return read && dot ? { read, macs: dot } : undefined;
}

const roofPoints = ({ read, macs }: Roof): Point[] => {
  const knee = macs / read;
  const places = [...PLACES, ...(knee > LEFT && knee < RIGHT ? [knee] : [])].sort((a, b) => a - b);
  return places.map((x): Point => [x, Math.min(macs, read * x)]);
};

type Line = Pick<DeviceResult['kernels'][number], 'op' | 'name' | 'timing'>;

const productPoints = (lines: readonly Line[], isMeant: (name: string) => boolean): Point[] =>
  lines.flatMap(({ op, name, timing }) =>
    timing && op.startsWith('matmul') && isMeant(name)
      ? [[timing.gmacPerSecond / timing.gbPerSecond, timing.gmacPerSecond] as const]
      : [],
  );

const isDecode = (name: string): boolean => name === 'decode';
const isPrefill = (name: string): boolean => name.startsWith('prefill');

function dataOf(result: DeviceResult, gpu: GpuResult, roof: Roof): uPlot.AlignedData {
  const cpuRoof = roofOfCpu(result);
  const onCpu = result.kernels.filter(({ threads }) => threads === result.threads);
  return aligned(
    roofPoints(roof),
    cpuRoof ? roofPoints(cpuRoof) : [],
    productPoints(gpu.kernels, isDecode),
    productPoints(gpu.kernels, isPrefill),
    productPoints(onCpu, () => true),
  );
}

/** From the lowest roof's left end to above the highest. */
function heights(result: DeviceResult, roof: Roof): [number, number] {
  const roofs = [roof, roofOfCpu(result) ?? roof];
  return [Math.min(...roofs.map(({ read }) => read)) * LEFT * 0.5, Math.max(...roofs.map(({ macs }) => macs)) * 1.9];
}

/** The GPU's kernels under its own roof, beside the CPU's under theirs. */
export function GpuRoofline({ result, gpu }: { readonly result: DeviceResult; readonly gpu: GpuResult }) {
  const roof = roofOfGpu(gpu);
  const data = useMemo(() => roof && dataOf(result, gpu, roof), [result]);
  const options = useMemo(
    () => (colours: Colours) => ({
      ...still,
      scales: {
        x: { time: false, distr: 3 as const, log: 2 as const, range: () => [LEFT, RIGHT] as [number, number] },
        y: { distr: 3 as const, range: () => heights(result, roof!) },
      },
      axes: intensityAxes(colours),
      series: [
        {},
        line('GPU', colours.text, { width: 1.5 }),
        line('CPU', colours.muted, { width: 1, dash: [4, 4] }),
        dots('decode', colours.first),
        dots('prefill', colours.second),
        dots('CPU', colours.muted, {
          points: { show: true, size: 6, width: 1, stroke: colours.muted, fill: colours.surface },
        }),
      ],
    }),
    [result],
  );
  if (!roof || !data) return null;
  return (
    <figure>
      <Chart
        label="Roofline: speed of each kernel of the GPU by multiply-adds for a byte, under the GPU's ceilings, and the CPU's kernels under theirs. The tables have the numbers."
        {...{ data, options }}
      />
      <Legend
        items={[
          ['line plain', `GPU: ${digits(roof.read)} GB/s, ${digits(roof.macs)} GMAC/s`],
          ['dot first', 'decode'],
          ['dot second', 'prefill'],
          ['dot muted', 'the CPU’s, under its own roof'],
        ]}
      />
    </figure>
  );
}
