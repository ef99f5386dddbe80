/** Vite's own server: changes are seen at once. It has no service worker. */
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createServer } from 'vite';
import { appConfig, modelsFolder, root } from './config.mjs';
import { embeddedModel } from './embedded.mjs';
import { sendFile } from './ranges.mjs';
import { isolation } from './serve.mjs';

/** The embedded model's shards. @type {import('vite').Plugin} */
const models = {
  name: 'models',
  configureServer({ middlewares }) {
    middlewares.use('/models', (request, response, next) => {
      const file = join(modelsFolder, basename(new URL(request.url ?? '/', 'http://host').pathname));
      if (!existsSync(file)) return next();
      sendFile(file, request, response, isolation);
    });
  },
};

/**
 * @param {import('./config.mjs').AppName} app
 * @param {{ port: number, host: string }} options
 */
export async function serveDevelopment(app, { port, host }) {
  const config = appConfig(app, embeddedModel());
  const server = await createServer({
    ...config,
    plugins: [...(config.plugins ?? []), models],
    server: { port, host, strictPort: true, headers: isolation, fs: { allow: [root] } },
  });
  await server.listen();
}
