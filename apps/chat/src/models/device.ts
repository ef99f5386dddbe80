/** What this device gives and how fast it is, measured by the engine once and kept. */
import type { DeviceSpeed } from 'thimble';
import { kept } from '../state/kept.ts';
import { embeddedSource } from './embedded.ts';

interface Device {
  /** What a model may take here. */
  readonly allowedBytes: number;
  readonly speed?: DeviceSpeed;
}

const isDevice = (value: unknown): boolean =>
  value === null ||
  (typeof value === 'object' && 'allowedBytes' in value && Number((value as Device).allowedBytes) > 0);

export const device = kept<Device | null>('device', null, isDevice);

let measuring: Promise<void> | undefined;

/** Measures in threads of its own, a few seconds at most. What fails here is told where it matters: when a model opens. */
export function measureDevice(): Promise<void> {
  measuring ??= measured().catch(() => undefined);
  return measuring;
}

async function measured(): Promise<void> {
  if (device.value?.speed) return;
  const { checkFit, probeDevice } = await import('thimble');
  const { allowedBytes } = await checkFit(embeddedSource(), { maxSessions: 1 });
  device.value = { allowedBytes };
  device.value = { allowedBytes, speed: await probeDevice() };
}

/** Tokens a second that a model of so many bytes of a type may make here: decoding reads each weight once. */
export function speedOf(sizeBytes: number, quant: string): number | undefined {
  const speed = device.value?.speed;
  if (!speed) return undefined;
  const type = Object.keys(speed.matVec).find((type) => quant.toLowerCase().startsWith(type)) ?? 'q4_k';
  const { bytesPerSecond } = speed.matVec[type]!;
  return 1 / (1.2 * (sizeBytes / bytesPerSecond) + speed.step.tokenSeconds + 200 * speed.step.phaseSeconds);
}
