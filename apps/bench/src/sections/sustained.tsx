import { useState } from 'preact/hooks';
import { median } from '../../../../bench/measure/stats.ts';
import type { DeviceResult, Sustained } from '../../../../bench/measure/result.ts';
import { OverTime } from '../charts/over_time.tsx';
import { clock, digits, percent } from '../format.ts';
import { measureMinutes } from '../measuring/sustain.ts';
import { running } from '../state.ts';
import { Progress } from './progress.tsx';
import { Section } from './section.tsx';

interface Minute {
  readonly label: string;
  readonly tps: number;
}

/** Medians of parts: minutes, or quarters of a run that has less than two. */
export function partsOf({ samples }: Sustained): Minute[] {
  const end = samples.at(-1)?.[0] ?? 0;
  const each = end >= 120 ? 60 : end / 4;
  const nParts = each === 0 ? 0 : Math.max(1, Math.round(end / each));
  return Array.from({ length: nParts }, (_, i) => {
    const isLast = i === nParts - 1;
    const part = samples.filter(([at]) => at > i * each && (isLast || at <= (i + 1) * each));
    return {
      label: `${clock(i * each)} to ${clock(isLast ? end : (i + 1) * each)}`,
      tps: median(part.map(([, tps]) => tps)),
    };
  }).filter(({ tps }) => Number.isFinite(tps));
}

function Numbers({ sustained }: { readonly sustained: Sustained }) {
  const parts = partsOf(sustained);
  const [first, last] = [parts[0], parts.at(-1)];
  const isLong = (sustained.samples.at(-1)?.[0] ?? 0) >= 30; // before that, two numbers say nothing
  const { battery, hidden } = sustained;
  return (
    <>
      {first && last && isLong && (
        <p>
          <strong>{digits(first.tps)}</strong> tok/s at first, <strong>{digits(last.tps)}</strong> at the end:{' '}
          {percent(last.tps / first.tps)} of its speed is left.
        </p>
      )}
      {battery && (
        <p>
          Battery: {percent(battery.before)} before, {percent(battery.after)} after
          {battery.isCharging ? ', while charging' : ''}.
        </p>
      )}
      {hidden.length > 0 && (
        <p>
          The page was in the background {hidden.length === 1 ? 'once' : `${hidden.length} times`}; the chart marks it.
        </p>
      )}
      <table>
        <thead>
          <tr>
            <th scope="col">time</th>
            <th scope="col" class="number">
              median, tok/s
            </th>
          </tr>
        </thead>
        <tbody>
          {parts.map(({ label, tps }) => (
            <tr key={label}>
              <th scope="row">{label}</th>
              <td class="number">{digits(tps)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

const lengths = [1, 5, 15] as const;

function Start() {
  const [minutes, setMinutes] = useState<number>(5);
  return (
    <div class="row">
      <label>
        <span class="visually-hidden">Minutes</span>
        <select value={minutes} onChange={(event) => setMinutes(Number(event.currentTarget.value))}>
          {lengths.map((n) => (
            <option key={n} value={n}>
              {n === 1 ? '1 minute' : `${n} minutes`}
            </option>
          ))}
        </select>
      </label>
      <button
        type="button"
        class="secondary"
        disabled={running.value !== undefined}
        onClick={() => void measureMinutes(minutes)}
      >
        Run
      </button>
    </div>
  );
}

/** Phones get warm and slow down: how much, and how soon. */
export function SustainedRun({ result, canRun }: { readonly result: DeviceResult; readonly canRun: boolean }) {
  const { sustained } = result;
  if (!sustained && !canRun) return null;
  return (
    <Section
      id="sustained"
      title="Sustained"
      about="Phones get warm and slow down. This decodes for minutes and plots the speed. The screen stays on; leave the page open."
    >
      {canRun && (running.value?.kind === 'sustained' ? <Progress /> : <Start />)}
      {sustained && (
        <>
          <OverTime sustained={sustained} />
          <Numbers sustained={sustained} />
        </>
      )}
    </Section>
  );
}
