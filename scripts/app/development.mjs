/** Vite's own server: changes are seen at once. */
import { createReadStream, existsSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createServer } from 'vite';
import { appConfig, modelsFolder, root } from './config.mjs';
import { embeddedModel } from './embedded.mjs';

/** Every browser then has threads. */
const isolation = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };

/** The embedded model's shards, by ranges too. @type {import('vite').Plugin} */
const models = {
  name: 'models',
  configureServer({ middlewares }) {
    middlewares.use('/models', (request, response, next) => {
      const file = join(modelsFolder, basename(request.url ?? ''));
      if (!existsSync(file)) return next();
      const { size } = statSync(file);
      const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
      const begin = Number(from ?? 0);
      const last = Math.min(size - 1, to ? Number(to) : size - 1);
      response.setHeader('Accept-Ranges', 'bytes');
      response.setHeader('Content-Length', last + 1 - begin);
      if (from !== undefined) response.setHeader('Content-Range', `bytes ${begin}-${last}/${size}`);
      response.statusCode = from === undefined ? 200 : 206;
      createReadStream(file, { start: begin, end: last }).pipe(response);
    });
  },
};

/**
 * @param {import('./config.mjs').AppName} app
 * @param {number} port
 */
export async function serveDevelopment(app, port) {
  const config = appConfig(app, embeddedModel());
  const server = await createServer({
    ...config,
    plugins: [...(config.plugins ?? []), models],
    server: { port, headers: isolation, fs: { allow: [root] } },
  });
  await server.listen();
  server.printUrls();
  console.log(server.resolvedUrls?.local[0]);
}
