import type { Device } from '../../../bench/measure/result.ts';

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

/** Browsers by what their user agents say, the more special one first. */
const engines = [
  [/Firefox\/(\d+)/, 'Firefox'],
  [/FxiOS\/(\d+)/, 'Firefox for iOS'],
  [/CriOS\/(\d+)/, 'Chrome for iOS'],
  [/EdgA?\/(\d+)/, 'Edge'],
  [/SamsungBrowser\/(\d+)/, 'Samsung Internet'],
  [/Chrome\/(\d+)/, 'Chromium'],
  [/Version\/(\d+[.\d]*).*Safari/, 'Safari'],
] as const;

export function engineOf(userAgent: string): string {
  for (const [pattern, name] of engines) {
    const version = pattern.exec(userAgent)?.[1];
    if (version) return `${name} ${version}`;
  }
  return 'a browser that does not say which';
}

const systems = [
  [/iPhone OS (\d+)/, 'iPhone, iOS'],
  [/iPad.* OS (\d+)/, 'iPad, iOS'],
  [/Android (\d+)/, 'Android'],
  [/Windows NT/, 'Windows'],
  [/Mac OS X/, 'macOS'],
  [/Linux (\w+)/, 'Linux'],
] as const;

export function systemOf(userAgent: string): string {
  for (const [pattern, name] of systems) {
    const found = pattern.exec(userAgent);
    if (found) return [name, found[1]].filter(Boolean).join(' ');
  }
  return 'unknown system';
}

/** Phones have small caches and little memory: they go through less of it. */
const isPhone = userAgentData?.mobile ?? /Android|iPhone|iPad|Mobile/.test(navigator.userAgent);

export const SWEEP_MIB = { full: isPhone ? 64 : 256, quick: 32 } as const;
