/**
 * Draws the icons that cannot be SVG from the one that is: iPhones and some launchers take PNG alone.
 *
 *   node scripts/app/icons.mjs [--browser /usr/bin/chromium]
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { root } from './config.mjs';

const folder = join(root, 'apps/chat/public');
const { values } = parseArgs({ options: { browser: { type: 'string', default: '/usr/bin/chromium' } } });

/** Of maskable icons only the middle is sure to be seen; its surroundings are the icon's background, up to the edges. */
const icons = [
  { file: 'icon-180.png', size: 180, isFilled: true },
  { file: 'icon-192.png', size: 192, isFilled: false },
  { file: 'icon-512.png', size: 512, isFilled: false },
  { file: 'icon-maskable-512.png', size: 512, isFilled: true },
];

const svg = readFileSync(join(folder, 'icon.svg'), 'utf8');
const browser = await chromium.launch({ executablePath: values.browser, args: ['--no-sandbox'] });
for (const { file, size, isFilled } of icons) {
  const page = await browser.newPage({ viewport: { width: size, height: size } });
  const drawn = isFilled ? svg.replace(/ rx="[^"]*"/, '') : svg;
  await page.setContent(
    `<style>body { margin: 0 } svg { display: block; width: 100vw; height: 100vh }</style>${drawn}`,
  );
  writeFileSync(join(folder, file), await page.screenshot({ omitBackground: true }));
  await page.close();
}
await browser.close();
