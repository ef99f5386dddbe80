import { ceilingOf, type DeviceResult, type ModelLine } from '../../../../bench/measure/result.ts';
import { dateWord, digits, threadsWord } from '../format.ts';

/** The model as it runs with all threads. */
export const bestModel = ({ models, threads }: DeviceResult): ModelLine | undefined =>
  models.find((one) => one.threads === threads) ?? models[0];

const phaseTps = (result: DeviceResult, kind: string): number | undefined =>
  bestModel(result)?.phases.find(({ name }) => name.startsWith(kind))?.tps;

const numbers = [
  { label: 'decode', unit: 'tok/s', of: (result: DeviceResult) => phaseTps(result, 'decode') },
  { label: 'prefill', unit: 'tok/s', of: (result: DeviceResult) => phaseTps(result, 'prefill') },
  { label: 'memory', unit: 'GB/s', of: (result: DeviceResult) => ceilingOf(result, 'read', result.threads)?.perSecond },
  {
    label: 'int8 dot',
    unit: 'GMAC/s',
    of: (result: DeviceResult) => ceilingOf(result, 'dot', result.threads)?.perSecond,
  },
] as const;

/** The four numbers that people compare. */
export function Headline({ result }: { readonly result: DeviceResult }) {
  const { device, at, build, threads, plan } = result;
  return (
    <section class="card" aria-labelledby="headline">
      <h2 id="headline">{device.name}</h2>
      <p class="about">
        {[device.engine, threadsWord(threads), `${build} build`, dateWord(at), plan === 'quick' && 'quick look']
          .filter(Boolean)
          .join(' · ')}
      </p>
      <dl class="tiles">
        {numbers.map(({ label, unit, of }) => {
          const value = of(result);
          return (
            <div key={label} class={value === undefined ? 'tile empty' : 'tile'}>
              <dt>{label}</dt>
              <dd>
                <strong>{value === undefined ? '–' : digits(value)}</strong> {unit}
              </dd>
            </div>
          );
        })}
      </dl>
    </section>
  );
}
