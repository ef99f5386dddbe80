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
