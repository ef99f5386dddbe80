import { quantOf, rounded, type DeviceResult } from './result.ts';

const head = ['device', 'engine', 'date', 'build', 'group', 'what', 'work', 'threads', 'value', 'unit', 'spread'];

/** All numbers of a result, one a line: for spreadsheets. */
export function resultCsv(result: DeviceResult): string {
  const { device, at, build } = result;
  const about = [device.name, device.engine, at, build];
  const rows = [...ceilingRows(result), ...kernelRows(result), ...modelRows(result), ...sustainedRows(result)];
  return [head, ...rows.map((row) => [...about, ...row])].map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}

type Row = (string | number)[];

const ceilingRows = ({ ceilings }: DeviceResult): Row[] =>
  ceilings.map(({ limit, threads, perSecond, spread }) => {
    const unit = limit === 'read' || limit === 'copy' ? 'GB/s' : 'GMAC/s';
    return ['ceiling', limit, '', threads, perSecond, unit, spread];
  });

const kernelRows = ({ kernels }: DeviceResult): Row[] =>
  kernels.flatMap((line) => {
    const { name, threads, timing, error } = line;
    const about = ['kernel', quantOf(line), name, threads];
    if (!timing) return [[...about, error, 'error, which is wrong', '']];
    const { gbPerSecond, gmacPerSecond, ms, spread } = timing;
    return [
      [...about, gbPerSecond, 'GB/s', spread],
      [...about, gmacPerSecond, 'GMAC/s', spread],
      [...about, ms, 'ms', spread],
    ];
  });

const modelRows = ({ models }: DeviceResult): Row[] =>
  models.flatMap(({ model, threads, loadMs, ttftMs, phases }) => [
    ['model', model, 'load', threads, loadMs, 'ms', ''],
    ['model', model, 'TTFT', threads, ttftMs, 'ms', ''],
    ...phases.map(({ name, tps, spread }): Row => ['model', model, name, threads, tps, 'tok/s', spread]),
  ]);

function sustainedRows({ sustained }: DeviceResult): Row[] {
  if (!sustained) return [];
  const { model, threads, samples, battery } = sustained;
  const rows = samples.map(([seconds, tps]): Row => ['sustained', model, `${seconds} s`, threads, tps, 'tok/s', '']);
  if (!battery) return rows;
  const levels = (['before', 'after'] as const).map((when): Row => [
    'battery',
    model,
    when,
    threads,
    battery[when],
    'of full',
    '',
  ]);
  return [...rows, ...levels];
}

/** Spreadsheets run what begins like a formula, and a name may come from anybody. */
function cell(value: string | number): string {
  if (typeof value === 'number') return String(rounded(value));
  const harmless = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
