/**
 * The apps: serves them, or builds a folder for a static host.
 *
 *   npm run app
 *   npm run app:build
 */
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'vite';
import { appConfig, builtFolder, isApp, modelsFolder, places } from './app/config.mjs';
import { embeddedModel } from './app/embedded.mjs';
import { serveDevelopment } from './app/development.mjs';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { app: { type: 'string', default: 'chat' }, port: { type: 'string', default: '8080' } },
});

const apps = /** @type {import('./app/config.mjs').AppName[]} */ (Object.keys(places));

async function buildAll() {
  rmSync(builtFolder, { recursive: true, force: true });
  const embedded = embeddedModel();
  for (const app of apps.filter(isApp)) await build(appConfig(app, embedded));
  cpSync(modelsFolder, join(builtFolder, 'models'), { recursive: true });
  console.log(`built: ${builtFolder}`);
}

if (positionals[0] === 'build') await buildAll();
else if (isApp(options.app)) await serveDevelopment(options.app, Number(options.port));
