/**
 * A small chat server over the library: `npm run build && node examples/server.mjs [MODEL.gguf] [PORT]`, then
 *
 *     curl -N localhost:8080/chats -d '{ "system": "You answer in one sentence." }'      → { "chat": "…" }
 *     curl -N localhost:8080/chats/ID -d '{ "message": "Why is the sky blue?" }'         → the answer, as it is made
 *     curl -X DELETE localhost:8080/chats/ID
 *
 * One model serves all: answers are made one after another, and each chat keeps what it has read. A client that leaves stops its answer.
 */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { FormatError, openModel, ResourceError, UnsupportedError } from 'thimble';

/** Chats at a time: memory is set aside for each. The one that was silent for longest makes room for a new one. */
const MOST_CHATS = 8;
const MOST_BODY_BYTES = 1e6;

const [source = 'models/smollm2-135m-instruct-q4_1-00001-of-00002.gguf', port = '8080'] = process.argv.slice(2);
const model = await openModel(source, { maxSessions: MOST_CHATS, nCtx: 2048 });

/** @type {Map<string, { chat: import('thimble').Chat, nAnswers: number }>} by id, the one that was used last at the end */
const chats = new Map();

/** A mistake of the client's. */
class RequestError extends Error {
  /** @param {number} status @param {string} message */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** @param {unknown} error */
function statusOf(error) {
  if (error instanceof RequestError) return error.status;
  if (error instanceof TypeError || error instanceof RangeError || error instanceof UnsupportedError) return 400;
  return error instanceof ResourceError ? 503 : 500;
}

/** @param {import('node:http').IncomingMessage} request @returns {Promise<Record<string, any>>} */
async function bodyOf(request) {
  if (Number(request.headers['content-length'] ?? 0) > MOST_BODY_BYTES)
    throw new RequestError(413, 'the body is too long');
  const body = await text(request);
  try {
    const json = body === '' ? {} : JSON.parse(body);
    if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json;
  } catch {
    // said below
  }
  throw new RequestError(400, 'the body is no JSON object');
}

/** @param {string} id */
function chatOf(id) {
  const found = chats.get(id);
  if (!found) throw new RequestError(404, `there is no chat ${id}; it was closed, or gave its place to a newer one`);
  chats.delete(id);
  chats.set(id, found); // the one used last
  return found;
}

async function makeRoom() {
  if (chats.size < MOST_CHATS) return;
  const idle = [...chats].find(([, { nAnswers }]) => nAnswers === 0);
  if (!idle) throw new RequestError(503, `all ${MOST_CHATS} chats are being answered; try again in a moment`);
  const [id, { chat }] = idle;
  chats.delete(id);
  await chat.close();
}

/** @type {Record<string, (id: string, request: import('node:http').IncomingMessage, response: import('node:http').ServerResponse) => Promise<unknown>>} */
const routes = {
  async 'POST /chats'(_, request, response) {
    const chat = model.chat({ onFull: 'shift', ...(await bodyOf(request)) });
    await makeRoom();
    const id = randomUUID();
    chats.set(id, { chat, nAnswers: 0 });
    response.writeHead(201, { 'Content-Type': 'application/json' }).end(JSON.stringify({ chat: id }));
  },

  async 'POST /chats/ID'(id, request, response) {
    const { message, ...options } = await bodyOf(request);
    const entry = chatOf(id);
    const left = new AbortController();
    response.once('close', () => left.abort()); // also at the end, when there is nothing to stop
    entry.nAnswers++;
    try {
      const answer = entry.chat.send(message, { ...options, signal: left.signal });
      for await (const piece of answer) {
        if (!response.headersSent) response.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8' });
        if (!response.write(piece))
          await new Promise((resolve) => response.once('drain', resolve).once('close', resolve));
      }
      response.end();
    } catch (error) {
      if (!left.signal.aborted) throw error;
    } finally {
      entry.nAnswers--;
    }
  },

  async 'DELETE /chats/ID'(id, _, response) {
    const { chat } = chatOf(id);
    chats.delete(id);
    await chat.close();
    response.writeHead(204).end();
  },
};

const server = createServer(async (request, response) => {
  const [, id] = /^\/chats\/([\w-]+)$/.exec(request.url ?? '') ?? [];
  const route = routes[`${request.method} ${id === undefined ? request.url : '/chats/ID'}`];
  try {
    if (!route) throw new RequestError(404, `there are ${Object.keys(routes).join(', ')}`);
    await route(id ?? '', request, response);
  } catch (error) {
    if (error instanceof FormatError || statusOf(error) === 500) console.error(error);
    const { message } = /** @type {Error} */ (error);
    if (response.headersSent) response.destroy();
    else
      response
        .writeHead(statusOf(error), { 'Content-Type': 'application/json' })
        .end(JSON.stringify({ error: message }));
  }
});

server.once('error', async ({ message }) => {
  console.error(`cannot listen on port ${port}: ${message}; give another one`);
  process.exitCode = 1;
  await model.close();
});

server.listen(Number(port), 'localhost', () => {
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());
  console.log(`${model.info.name} at http://localhost:${address.port}/chats`);
});

for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
  process.once(signal, async () => {
    server.close();
    server.closeAllConnections();
    await model.close();
  });
}
