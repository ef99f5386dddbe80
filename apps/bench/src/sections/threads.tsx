import { limitNames } from '../../../../bench/measure/limit_kernels.ts';
import { ceilingOf, type DeviceResult } from '../../../../bench/measure/result.ts';
import { Scaling, threadCountsOf } from '../charts/scaling.tsx';
import { digits } from '../format.ts';
import { Section, Spread } from './section.tsx';

const words = {
  read: ['memory', 'GB/s'],
  copy: ['cache, copy', 'GB/s'],
  dot: ['int8 dot', 'GMAC/s'],
  dot16: ['int16 dot', 'GMAC/s'],
  f32: ['float', 'GMAC/s'],
} as const;

/** What the device can do at most. */
export function CeilingsTable({ result }: { readonly result: DeviceResult }) {
  if (result.ceilings.length === 0) return null;
  const counts = threadCountsOf(result);
  const shown = counts.length > 2 ? [counts[0]!, counts.at(-1)!] : counts;
  return (
    <Section
      id="ceilings"
      title="Ceilings"
      about={`What this device can do at most: reading ${result.sweepMib} MiB of memory; multiplying and adding what lies in the nearest cache. Kernels are measured against these.`}
    >
      <table>
        <thead>
          <tr>
            <th scope="col">limit</th>
            {shown.map((n) => (
              <th scope="col" class="number" key={n}>
                {n === 1 ? '1 thread' : `${n} threads`}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {limitNames.map((limit) => (
            <tr key={limit}>
              <th scope="row">
                {words[limit][0]} <small>{words[limit][1]}</small>
              </th>
              {shown.map((n) => {
                const found = ceilingOf(result, limit, n);
                return (
                  <td class="number" key={n}>
                    {found ? digits(found.perSecond) : '–'} {found && <Spread of={found.spread} />}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </Section>
  );
}

/** What more threads bring, or why there is one. */
export function Threads({ result }: { readonly result: DeviceResult }) {
  if (result.ceilings.length === 0) return null;
  const about = result.sharedMemory
    ? 'How many times as fast more threads are. The dotted line is what as many cores could do at best.'
    : 'One thread: in this page threads could not share memory, because it was not cross-origin isolated (headers COOP and COEP, or Document-Isolation-Policy).';
  return (
    <Section id="threads" title="Threads" about={about}>
      {threadCountsOf(result).length > 1 && <Scaling result={result} />}
    </Section>
  );
}
