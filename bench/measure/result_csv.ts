import { quantOf, rounded, type DeviceResult, type KernelLine, type ModelLine } from './result.ts';

const head = ['device', 'engine', 'date', 'build', 'group', 'what', 'work', 'threads', 'value', 'unit', 'spread'];

/** All numbers of a result, one a line: for spreadsheets. */
export function resultCsv(result: DeviceResult): string {
  const { device, at, build } = result;
  const about = [device.name, device.engine, at, build];
  const rows = [
    ...ceilingRows(result),
    ...kernelRows(result),
    ...modelRows(result),
    ...sustainedRows(result),
    ...gpuRows(result),
  ];
  return [head, ...rows.map((row) => [...about, ...row])].map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}

type Row = (string | number)[];

const ceilingRows = ({ ceilings }: DeviceResult): Row[] =>
  ceilings.map(({ limit, threads, perSecond, spread }) => {
    const unit = limit === 'read' || limit === 'copy' ? 'GB/s' : 'GMAC/s';
    return ['ceiling', limit, '', threads, perSecond, unit, spread];
  });

const kernelRows = ({ kernels }: DeviceResult): Row[] =>
  kernels.flatMap((line) => timedRows(['kernel', quantOf(line), line.name, line.threads], line));

function timedRows(about: Row, { timing, error }: Pick<KernelLine, 'timing' | 'error'>): Row[] {
  if (!timing) return [[...about, error, 'error, which is wrong', '']];
  const { gbPerSecond, gmacPerSecond, ms, spread } = timing;
  return [
    [...about, gbPerSecond, 'GB/s', spread],
    [...about, gmacPerSecond, 'GMAC/s', spread],
    [...about, ms, 'ms', spread],
  ];
}

const modelRows = ({ models }: DeviceResult): Row[] =>
  models.flatMap((line) => rowsOfModel('model', line, line.threads));

const rowsOfModel = (group: string, { model, loadMs, ttftMs, phases }: ModelLine, threads: number | ''): Row[] => [
  [group, model, 'load', threads, loadMs, 'ms', ''],
  [group, model, 'TTFT', threads, ttftMs, 'ms', ''],
  ...phases.map(({ name, tps, spread }): Row => [group, model, name, threads, tps, 'tok/s', spread]),
];

/** A GPU's numbers have groups of their own, and no threads. */
function gpuRows({ gpu }: DeviceResult): Row[] {
  if (!gpu) return [];
  const { ceilings, costs, kernels, models, checks, choices } = gpu;
  return [
    ...ceilings.map(({ limit, perSecond, spread }): Row => {
      return [
        'GPU ceiling',
        limit,
        '',
        '',
        perSecond,
        limit === 'read' || limit === 'copy' ? 'GB/s' : 'GMAC/s',
        spread,
      ];
    }),
    ...costs.map(({ cost, us, spread }): Row => ['GPU cost', cost, '', '', us, 'µs', spread]),
    ...kernels.flatMap((line) => timedRows(['GPU kernel', line.op, line.name, ''], line)),
    ...models.flatMap((line) => rowsOfModel('GPU model', line, '')),
    ...checks.map(({ kernel, error, refused }): Row => {
      return ['GPU check', kernel, refused ?? 'right', '', error ?? '', 'error', ''];
    }),
    ...choices.map(({ kind, variant, sizes, from }): Row => ['GPU choice', kind, variant, '', sizes, from, '']),
  ];
}

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
