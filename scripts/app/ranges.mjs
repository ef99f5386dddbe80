/** Files over HTTP, by ranges too, as the store of models reads them. */
import { createReadStream, statSync } from 'node:fs';
import { extname } from 'node:path';

/** @type {Readonly<Record<string, string>>} */
const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
  '.pem': 'application/x-x509-ca-cert',
};

/**
 * @param {string} file
 * @param {import('node:http').IncomingMessage} request
 * @param {import('node:http').ServerResponse} response
 * @param {Readonly<Record<string, string>>} [headers]
 */
export function sendFile(file, request, response, headers = {}) {
  const { size, mtimeMs } = statSync(file);
  const etag = `"${size.toString(36)}-${Math.round(mtimeMs).toString(36)}"`;
  const common = { ...headers, ETag: etag, 'Accept-Ranges': 'bytes', 'Cache-Control': 'no-cache' };
  if (request.headers['if-none-match'] === etag) return void response.writeHead(304, common).end();
  const type = { 'Content-Type': types[extname(file)] ?? 'application/octet-stream' };
  const { begin, end, isPart } = rangeOf(request, size, etag);
  if (begin >= end && size > 0) return void response.writeHead(416, { 'Content-Range': `bytes */${size}` }).end();
  const part = isPart ? { 'Content-Range': `bytes ${begin}-${end - 1}/${size}` } : {};
  response.writeHead(isPart ? 206 : 200, { ...common, ...type, ...part, 'Content-Length': end - begin });
  if (request.method === 'HEAD' || size === 0) return void response.end();
  createReadStream(file, { start: begin, end: end - 1 }).pipe(response);
}

/**
 * @param {import('node:http').IncomingMessage} request
 * @param {number} size
 * @param {string} etag
 */
function rangeOf({ headers }, size, etag) {
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '') ?? [];
  const isSame = headers['if-range'] === undefined || headers['if-range'] === etag;
  if (from === undefined || !isSame) return { begin: 0, end: size, isPart: false };
  return { begin: Number(from), end: to ? Math.min(size, Number(to) + 1) : size, isPart: true };
}
