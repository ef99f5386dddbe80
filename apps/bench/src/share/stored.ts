import { readResult, type DeviceResult } from '../../../../bench/measure/result.ts';

/** The results in bench/results/devices, as they were when the page was built. */
const files = import.meta.glob<unknown>('../../../../bench/results/devices/*.json', { eager: true, import: 'default' });

export const storedResults: readonly DeviceResult[] = Object.values(files).map(readResult);
