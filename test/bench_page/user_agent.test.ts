import { expect, test } from 'vitest';
import { engineOf, systemOf } from '../../apps/bench/src/user_agent.ts';

const android = 'Mozilla/5.0 (Linux; Android 14; Pixel 7) AppleWebKit/537.36 (KHTML, like Gecko)';
const iphone = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)';

test.each([
  [`${android} Chrome/156.0.0.0 Mobile Safari/537.36`, 'Chromium 156', 'Android 14'],
  [`${android} SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36`, 'Samsung Internet 28', 'Android 14'],
  ['Mozilla/5.0 (Android 15; Mobile; rv:153.0) Gecko/153.0 Firefox/153.0', 'Firefox 153', 'Android 15'],
  [`${iphone} Version/18.5 Mobile/15E148 Safari/604.1`, 'Safari 18.5', 'iPhone, iOS 18'],
  [`${iphone} CriOS/139.0 Mobile/15E148 Safari/604.1`, 'Chrome for iOS 139', 'iPhone, iOS 18'],
  ['Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0', 'Firefox 153', 'Linux x86_64'],
  ['curl', 'a browser that does not say which', 'unknown system'],
])('%s is %s on %s', (userAgent, engine, system) => {
  expect(engineOf(userAgent)).toBe(engine);
  expect(systemOf(userAgent)).toBe(system);
});
