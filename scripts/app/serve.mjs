/** Serves the built apps to this computer, and to phones. */
import { existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { join, normalize } from 'node:path';
import { contentPolicy, modelHosts } from '../../apps/chat/policy.mjs';
import { certificate, certificatePath } from './certificate.mjs';
import { builtFolder } from './config.mjs';
import { sendFile } from './ranges.mjs';

/** Every browser then has threads from the first visit on. */
export const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/** The service worker looks where the addresses lead that a user gives; pages and other workers may not. */
/** @param {string} path @returns {Readonly<Record<string, string>>} */
const policyOf = (path) =>
  path === '/service_worker.js' ? {} : { 'Content-Security-Policy': contentPolicy(modelHosts) };

/**
 * @param {{ port: number, host: string, isSecure: boolean, sendsHeaders: boolean }} options
 * @returns {Promise<import('node:http').Server>}
 */
export async function serveBuilt({ port, host, isSecure, sendsHeaders }) {
  /** @type {import('node:http').RequestListener} */
  const listener = (request, response) => {
    const path = pathOf(request.url ?? '/');
    if (isSecure && path === certificatePath) return sendFile(certificate().file, request, response);
    const file = path === undefined ? undefined : fileOf(path);
    if (path === undefined || file === undefined) return void response.writeHead(404).end('not found');
    if (file === 'folder') return void response.writeHead(308, { Location: `${path}/` }).end();
    sendFile(file, request, response, sendsHeaders ? { ...isolation, ...policyOf(path) } : {});
  };
  const server = isSecure ? createSecureServer(await certificate().made, listener) : createServer(listener);
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve(undefined));
  });
  return server;
}

/** @param {string} url */
function pathOf(url) {
  try {
    return decodeURIComponent(new URL(url, 'http://host').pathname);
  } catch {
    return undefined;
  }
}

/** @param {string} path */
function fileOf(path) {
  const file = normalize(join(builtFolder, path.replace(/\/$/, '/index.html')));
  if (!file.startsWith(builtFolder) || !existsSync(file)) return undefined;
  return statSync(file).isDirectory() ? 'folder' : file;
}
