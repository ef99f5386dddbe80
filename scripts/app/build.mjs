/** Builds the apps into a folder that any static host can serve, below any path. */
import { createHash } from 'node:crypto';
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build as bundle } from 'esbuild';
import { build } from 'vite';
import { appConfig, builtFolder, isApp, modelsFolder, places, root } from './config.mjs';
import { embeddedModel } from './embedded.mjs';

/** @typedef {import('./config.mjs').AppName} AppName */

/** Never kept for use without a network: models are in the store, and the engine's inlined twin is for hosts that lack its files. */
const notKept = /^models\/|^service_worker\.js$|\binlined_files-|^_headers$|\.map$/;

export async function buildApps() {
  const apps = /** @type {AppName[]} */ (Object.keys(places)).filter(isApp);
  const files = await buildInto(builtFolder, apps);
  writeFileSync(join(builtFolder, '_headers'), headersFile);
  cpSync(modelsFolder, join(builtFolder, 'models'), { recursive: true });
  console.log(`${builtFolder}: ${apps.join(', ')}; ${files.length} files are kept for use without a network`);
}

/**
 * Builds apps into a folder, without the model.
 * @param {string} folder
 * @param {readonly AppName[]} apps
 */
export async function buildInto(folder, apps) {
  rmSync(folder, { recursive: true, force: true });
  const embedded = embeddedModel();
  for (const app of apps) await build(appConfig(app, embedded, folder));
  return addServiceWorker(folder);
}

/**
 * What the service worker keeps; a page goes by its folder, because some hosts redirect its file's name to that.
 * @param {string} folder
 */
function keptFiles(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .filter((path) => !notKept.test(path))
    .sort()
    .map((path) => ({
      path: path.replace(/(^|\/)index\.html$/, '$1') || './',
      sha256: createHash('sha256')
        .update(readFileSync(join(folder, path)))
        .digest('base64'),
    }));
}

/**
 * Puts a service worker into a built folder, for the files that are there.
 * @param {string} folder
 */
export async function addServiceWorker(folder) {
  const files = keptFiles(folder);
  const list = JSON.stringify(files);
  const version = createHash('sha256').update(list).digest('hex').slice(0, 12);
  await bundle({
    absWorkingDir: root,
    entryPoints: ['apps/chat/service_worker.ts'],
    outfile: join(folder, 'service_worker.js'),
    bundle: true,
    minify: true,
    format: 'iife',
    target: 'es2022',
    alias: { 'thimble/isolate': join(root, 'dist/web/isolate.js') },
    define: { BUILT: JSON.stringify({ version, files }) },
    logLevel: 'warning',
  });
  return files;
}

/** For hosts that read it (Netlify, Cloudflare Pages). Others need no headers: the service worker brings them. */
const headersFile = `/*
  Cross-Origin-Opener-Policy: same-origin
  Cross-Origin-Embedder-Policy: require-corp
  Referrer-Policy: no-referrer
  X-Content-Type-Options: nosniff
/assets/*
  Cache-Control: public, max-age=31536000, immutable
/service_worker.js
  Cache-Control: no-cache
`;
