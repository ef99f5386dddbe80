import { ceilingOf, quantOf, type DeviceResult, type KernelLine } from '../../../../bench/measure/result.ts';

/** A number that two results both have. */
export interface Pair {
  readonly what: string;
  readonly model?: string | undefined;
  readonly unit: string;
  readonly here: number;
  readonly there: number;
}

interface Entry {
  readonly what: string;
  /** Only the same model is compared. */
  readonly model?: string;
  readonly unit: string;
  readonly value: number;
}

/** Each result at its own number of threads: devices are compared, not cores. */
function entriesOf(result: DeviceResult): Entry[] {
  const { threads, kernels, models } = result;
  const ceilings = (['read', 'dot', 'f32'] as const).flatMap((limit) => {
    const words = { read: 'memory', dot: 'int8 dot', f32: 'float' };
    const value = ceilingOf(result, limit, threads)?.perSecond;
    return value === undefined ? [] : [{ what: words[limit], unit: limit === 'read' ? 'GB/s' : 'GMAC/s', value }];
  });
  const phases = models
    .filter((one) => one.threads === threads)
    .flatMap(({ model, phases }) =>
      phases.map(({ name, tps }) => ({ what: name.replace('@', 'at '), model, unit: 'tok/s', value: tps })),
    );
  const products = kernels.filter((one) => one.threads === threads).flatMap(productEntry);
  return [...phases, ...ceilings, ...products, ...gpuEntries(result)];
}

function productEntry(line: Pick<KernelLine, 'op' | 'name' | 'timing'>): Entry[] {
  const what = `${quantOf(line).toUpperCase()} ${line.name}`;
  if (!line.timing) return [];
  const isDecode = line.name === 'decode';
  const { gbPerSecond, gmacPerSecond } = line.timing;
  return [{ what, unit: isDecode ? 'GB/s' : 'GMAC/s', value: isDecode ? gbPerSecond : gmacPerSecond }];
}

/** A GPU's numbers, under names of their own. */
function gpuEntries({ gpu }: DeviceResult): Entry[] {
  if (!gpu) return [];
  const words = { read: 'memory', copy: 'copying', f32: 'float', f16: '16-bit float', dot: 'int8 dot' } as const;
  const phases = gpu.models.flatMap(({ model, phases }) =>
    phases.map(({ name, tps }) => ({ what: name.replace('@', 'at '), model, unit: 'tok/s', value: tps })),
  );
  const ceilings = gpu.ceilings.map(({ limit, perSecond }) => ({
    ...{ what: words[limit], unit: limit === 'read' || limit === 'copy' ? 'GB/s' : 'GMAC/s', value: perSecond },
  }));
  const products = gpu.kernels.filter(({ op }) => op.startsWith('matmul')).flatMap(productEntry);
  return [...phases, ...ceilings, ...products].map((entry: Entry) => ({ ...entry, what: `GPU: ${entry.what}` }));
}

/** What both have measured, in the order of the first. */
export function pairsOf(here: DeviceResult, there: DeviceResult): Pair[] {
  const key = ({ what, model = '' }: Entry): string => `${model} ${what}`;
  const others = new Map(entriesOf(there).map((entry) => [key(entry), entry.value]));
  return entriesOf(here).flatMap((entry) => {
    const other = others.get(key(entry));
    const { what, model, unit } = entry;
    return other === undefined ? [] : [{ what, model, unit, here: entry.value, there: other }];
  });
}

export const titleOf = ({ device, threads }: DeviceResult): string =>
  `${device.name}, ${device.engine}, ${threads === 1 ? '1 thread' : `${threads} threads`}`;
