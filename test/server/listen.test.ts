/** Node's http around a function, and the models of a folder. */
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { listen } from '../../apps/cli/serve/http.ts';
import { folderModels } from '../../apps/cli/serve/sources.ts';

const place = { host: '127.0.0.1', port: 0 };

it('ends although a connection is open on which nothing is asked', async () => {
  const { address, close } = await listen(() => Promise.resolve(new Response('ok')), place);
  const silent = connect(Number(new URL(address).port), '127.0.0.1');
  silent.on('error', () => undefined);
  const gone = new Promise((resolve) => silent.once('close', resolve));
  await new Promise<void>((resolve) => silent.once('connect', resolve));
  expect(await (await fetch(address)).text()).toBe('ok');
  await close();
  await gone;
});

it('lets answers under way come to their end before it ends', async () => {
  let go: () => void = () => undefined;
  const going = new Promise<void>((resolve) => (go = resolve));
  const { address, close } = await listen(() => going.then(() => new Response('whole')), place);
  const asking = fetch(address);
  await vi.waitFor(async () => expect((await Promise.race([asking, 'waits'])) as string).toBe('waits'));
  await new Promise((resolve) => setTimeout(resolve, 30)); // the request has come
  const closed = close();
  go();
  expect(await (await asking).text()).toBe('whole');
  await closed;
});

it('lets a client go that reads nothing of its answer', async () => {
  let isGone = false;
  const body = () =>
    new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(1 << 20)),
      cancel: () => void (isGone = true),
    });
  const { address, close } = await listen(() => Promise.resolve(new Response(body())), { ...place, stallMs: 30 });
  const deaf = connect(Number(new URL(address).port), '127.0.0.1', () =>
    deaf.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
  );
  deaf.on('error', () => undefined).pause();
  await vi.waitFor(() => expect(isGone).toBe(true), { timeout: 4000 });
  await close();
  deaf.destroy();
});

it('finds the models of a folder although there is a link to nothing, and two of one name', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'thimble-folder-'));
  await symlink(join(folder, 'nothing'), join(folder, 'dangling.gguf'));
  for (const name of ['constructor', 'm', 'm-00001-of-00002', 'm-00002-of-00002'])
    await writeFile(join(folder, `${name}.gguf`), 'x');
  expect(Object.keys(await folderModels(folder)).sort()).toEqual(['constructor', 'm-00001-of-00002.gguf', 'm.gguf']);
  await rm(folder, { recursive: true });
});

it('takes whole addresses for paths, as what comes by way of a proxy has them', async () => {
  const { address, close } = await listen((request) => Promise.resolve(new Response(request.url)), place);
  const socket = connect(Number(new URL(address).port), '127.0.0.1');
  socket.write('GET HTTP://localhost:1/v1/models?a=b HTTP/1.1\r\nHost: elsewhere.example\r\nConnection: close\r\n\r\n');
  let said = '';
  for await (const piece of socket) said += String(piece);
  expect(said).toContain('http://localhost:1/v1/models?a=b');
  await close();
});
