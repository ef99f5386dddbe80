import { costNames, gpuLimitNames, type CostName, type GpuLimit } from '../../../../bench/measure/gpu/names.ts';
import { ceilingOf, type DeviceResult, type GpuResult } from '../../../../bench/measure/result.ts';
import { digits } from '../format.ts';
import { BesideCpu } from './beside_cpu.tsx';
import { Spread } from './section.tsx';

/** What each limit is called, its unit, and the CPU's that is like it. */
const limitWords = {
  read: ['memory', 'GB/s', 'read'],
  copy: ['memory, copy', 'GB/s', undefined],
  f32: ['float', 'GMAC/s', 'f32'],
  f16: ['16-bit float', 'GMAC/s', undefined],
  dot: ['int8 dot', 'GMAC/s', 'dot'],
} as const satisfies Record<GpuLimit, readonly [string, string, 'read' | 'f32' | 'dot' | undefined]>;

interface CeilingsProps {
  readonly gpu: GpuResult;
  readonly result: DeviceResult;
}

/** What the GPU can do at most, beside what the CPU can. */
export function GpuCeilings({ gpu: { ceilings }, result }: CeilingsProps) {
  const measured = gpuLimitNames.flatMap((name) => ceilings.filter(({ limit }) => limit === name));
  if (measured.length === 0) return null;
  return (
    <table>
      <caption>What the GPU can do at most. Its copying goes through memory; arithmetic is that of registers.</caption>
      <BesideCpu what="limit" nThreads={result.threads} />
      <tbody>
        {measured.map(({ limit, perSecond, spread }) => {
          const [word, unit, like] = limitWords[limit];
          const cpu = like && ceilingOf(result, like, result.threads);
          return (
            <tr key={limit}>
              <th scope="row">
                {word} <small>{unit}</small>
              </th>
              <td class="number">
                {digits(perSecond)} <Spread of={spread} />
              </td>
              <td class="number">
                {cpu ? digits(cpu.perSecond) : '–'} {cpu && <Spread of={cpu.spread} />}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

const costWords: Readonly<Record<CostName, string>> = {
  record: 'recording a dispatch',
  dispatch: 'a dispatch that waits for another',
  pass: 'a pass',
  submit: 'a submission',
  'round trip': 'there and back',
  upload: 'a MiB on its way there',
};

/** What is not a kernel's work. */
export function GpuCosts({ costs }: Pick<GpuResult, 'costs'>) {
  const measured = costNames.flatMap((name) => costs.filter(({ cost }) => cost === name));
  if (measured.length === 0) return null;
  return (
    <table>
      <caption>What a token costs beside its kernels: it is some hundred dispatches, and one of the others.</caption>
      <thead>
        <tr>
          <th scope="col">cost of</th>
          <th scope="col" class="number">
            µs
          </th>
        </tr>
      </thead>
      <tbody>
        {measured.map(({ cost, us, spread }) => (
          <tr key={cost}>
            <th scope="row">{costWords[cost]}</th>
            <td class="number">
              {digits(us)} <Spread of={spread} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
