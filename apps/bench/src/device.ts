import type { Device } from '../../../bench/measure/result.ts';
import { engineOf, systemOf } from './user_agent.ts';

/** Chromium's, which other browsers do not have. */
interface AgentData {
  readonly brands: readonly { readonly brand: string; readonly version: string }[];
  readonly mobile: boolean;
  getHighEntropyValues(
    hints: readonly string[],
  ): Promise<Partial<Record<'model' | 'platform' | 'platformVersion' | 'architecture' | 'bitness', string>>>;
}

const { userAgentData, deviceMemory } = navigator as { userAgentData?: AgentData; deviceMemory?: number };

/** What the browser tells about itself and the device; pages are told little. */
export async function describeDevice(nCores: number): Promise<Device> {
  const {
    model = '',
    platform,
    platformVersion,
    architecture,
    bitness,
  } = (await userAgentData
    ?.getHighEntropyValues(['model', 'platformVersion', 'architecture', 'bitness'])
    .catch(() => undefined)) ?? {};
  const version = platform === 'Android' && platformVersion ? ` ${platformVersion.replace(/\..*$/, '')}` : '';
  const cpuKind = architecture ? ` ${architecture}${bitness === '64' ? '-64' : ''}` : '';
  const system = platform ? `${platform}${version}${cpuKind}` : systemOf(navigator.userAgent);
  return {
    name: model || system,
    engine: engineOf(navigator.userAgent),
    cpu: model,
    nCores,
    memoryGib: deviceMemory,
    system,
  };
}

/** An iPad says that it is a Mac; no Mac has a touch screen. */
const isTablet = /Macintosh/.test(navigator.userAgent) && navigator.maxTouchPoints > 1;
const isPhone = userAgentData?.mobile ?? /Android|iPhone|iPad|Mobile/.test(navigator.userAgent);
const hasLittle = isPhone || isTablet || (deviceMemory ?? 8) <= 4;

/** Phones have small caches and little memory: they go through less of it. */
export const SWEEP_MIB = { full: hasLittle ? 64 : 256, quick: 32 } as const;
