/** How Vite builds and serves the apps: one configuration for all of them. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createLogger } from 'vite';
import { contentPolicy, modelHosts } from '../../apps/chat/policy.mjs';
import { buildLimits } from '../../bench/build_limits.mjs';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** What is built goes here. The embedded model's shards lie in a folder of their own, because they never change. */
export const builtFolder = join(root, 'apps/dist/site');
export const modelsFolder = join(root, 'apps/dist/models');

/** @typedef {'chat' | 'bench'} AppName */

/** Where an app's page lies below the folder that is built. @type {Readonly<Record<AppName, string>>} */
export const places = { chat: '.', bench: 'bench' };

/** @param {string} app @returns {app is AppName} */
export const isApp = (app) => app in places && existsSync(join(root, 'apps', app, 'index.html'));

/**
 * Puts the policy into the page's head, before anything that it rules.
 * @returns {import('vite').Plugin}
 */
const policyInHead = () => ({
  name: 'policy-in-head',
  transformIndexHtml: {
    order: 'post',
    handler(_html, { server }) {
      const content = contentPolicy(modelHosts, { isDevelopment: server !== undefined });
      const attrs = { 'http-equiv': 'Content-Security-Policy', content };
      return [{ tag: 'meta', attrs, injectTo: 'head-prepend' }];
    },
  },
});

/**
 * The bench's worker takes modules from the sources, among them one that names the library's files where they will lie when it is built. The
 * page tells its workers other addresses, so nobody minds that they are not there yet.
 */
function withoutMissingFiles() {
  const logger = createLogger('warn');
  const { warnOnce } = logger;
  logger.warnOnce = (message, options) => {
    if (!/doesn't exist at build time/.test(message)) warnOnce(message, options);
  };
  return logger;
}

/** What apps need beyond what all need. @type {Readonly<Record<AppName, readonly import('vite').Plugin[]>>} */
const pluginsOf = { chat: [], bench: [{ name: 'limits', buildStart: buildLimits }] };

/**
 * @param {AppName} app
 * @param {{ name: string, files: readonly string[], sizeBytes: number }} embedded
 * @param {string} [folder] for what is built
 * @returns {import('vite').InlineConfig}
 */
export function appConfig(app, embedded, folder = builtFolder) {
  const up = app === 'chat' ? '' : '../';
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const model = {
    name: embedded.name,
    urls: embedded.files.map((file) => `${up}models/${file}`),
    sizeBytes: embedded.sizeBytes,
  };
  return {
    root: join(root, 'apps', app),
    configFile: false,
    base: './', // works below any path
    clearScreen: false,
    logLevel: 'warn',
    ...(app === 'bench' ? { customLogger: withoutMissingFiles() } : {}),
    define: { EMBEDDED_MODEL: JSON.stringify(model), APP_VERSION: JSON.stringify(version) },
    resolve: {
      alias: [
        { find: /^thimble$/, replacement: join(root, 'dist/web/index.js') },
        { find: /^thimble\/gguf$/, replacement: join(root, 'dist/web/gguf.js') },
      ],
    },
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    // Workers' scripts may not be data: addresses, and tiny files are better cached than repeated.
    build: {
      outDir: join(folder, places[app]),
      emptyOutDir: true,
      assetsInlineLimit: 0,
      target: 'es2022',
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
      chunkSizeWarningLimit: 2000,
      // Not all hosts know that .mjs is a script.
      rolldownOptions: {
        output: {
          assetFileNames: ({ names }) => `assets/[name]-[hash]${/\.mjs$/.test(names[0] ?? '') ? '.js' : '[extname]'}`,
        },
      },
    },
    // Nor does it need the library's twin that has all files inlined.
    worker: { format: 'es', rolldownOptions: { external: ['thimble:inlined'] } },
    optimizeDeps: { exclude: ['thimble'] },
    plugins: [policyInHead(), ...pluginsOf[app]],
  };
}
