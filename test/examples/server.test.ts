import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { tinyModel } from '../helpers/tiny_models.ts';

/** examples/server.mjs, with five clients. */

const root = fileURLToPath(new URL('../..', import.meta.url));
const options = { temperature: 0, ignoreEos: true, maxTokens: 40 };
let folder: string;
let server: ChildProcess;
let base: string;
let said = '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'thimble-server-'));
  writeFileSync(join(folder, 'tiny.gguf'), tinyModel('llama-chat'));
  server = spawn(process.execPath, ['examples/server.mjs', join(folder, 'tiny.gguf'), '0'], { cwd: root });
  server.stderr!.on('data', (text) => (said += String(text)));
  base = await new Promise<string>((resolve, reject) => {
    server.stdout!.on('data', (line) => resolve(/http:\S+(?=\/chats)/.exec(String(line))![0]));
    server.once('exit', () => reject(new Error(said)));
  });
});
afterAll(() => {
  server.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

const post = (path: string, body: unknown, signal?: AbortSignal) =>
  fetch(`${base}${path}`, { method: 'POST', body: JSON.stringify(body), signal });

async function newChat(): Promise<string> {
  const response = await post('/chats', options);
  expect(response.status).toBe(201);
  return ((await response.json()) as { chat: string }).chat;
}

it('answers five clients at once, and streams', async () => {
  const chats = await Promise.all([newChat(), newChat(), newChat(), newChat()]);
  const five = [...chats, chats[0]!].map((chat, i) => post(`/chats/${chat}`, { message: `question ${i}` }));
  const answers = await Promise.all((await Promise.all(five)).map((response) => response.text()));
  for (const answer of answers) expect(answer.length).toBeGreaterThan(5);
  expect(answers[4]).not.toBe(answers[0]); // it knows the first question
});

it('gives the place of the chat that was silent for longest to a new one', async () => {
  const first = await newChat();
  for (let i = 0; i < 8; i++) await newChat(); // as many as there are places
  const response = await post(`/chats/${first}`, { message: 'hi' });
  expect([response.status, await response.json()]).toEqual([404, { error: expect.stringContaining('gave its place') }]);
});

it('stops an answer whose client leaves', async () => {
  const chat = await newChat();
  const leave = new AbortController();
  const endless = { message: 'hi', maxTokens: 1e6 };
  const response = await post(`/chats/${chat}`, endless, leave.signal);
  const reader = response.body!.getReader();
  for (let i = 0; i < 3; i++) await reader.read();
  leave.abort();
  const next = await post(`/chats/${await newChat()}`, { message: 'hi' });
  expect((await next.text()).length).toBeGreaterThan(5);
});

it.each([
  ['/chats', { sytem: 'x' }, 400, /unknown option of chat sytem \(is it system\?\)/],
  ['/chats/CHAT', {}, 400, /the message is undefined, expected a text/],
  ['/chats/CHAT', { message: 'hi', maxToken: 4 }, 400, /\(is it maxTokens\?\)/],
  ['/chats/CHAT', { message: 'hi', topP: 7 }, 400, /topP is 7/],
  ['/chats/CHAT', { message: [{ type: 'image_url' }] }, 400, /the message is a list/],
  ['/chats/nobody', { message: 'hi' }, 404, /there is no chat nobody/],
  ['/somewhere', {}, 404, /POST \/chats/],
  ['/chats', 7, 400, /no JSON object/],
])('%s %o: status %i and what is wrong', async (path, body, status, message) => {
  const response = await post(path.replace('CHAT', await newChat()), body);
  expect([response.status, await response.json()]).toEqual([status, { error: expect.stringMatching(message) }]);
});

it('ends at SIGTERM', async () => {
  const ended = new Promise((resolve) => server.once('exit', (code) => resolve(code)));
  server.kill('SIGTERM');
  expect(await ended).toBe(0);
  expect(said).toBe('');
});
