/** `thimble serve` as a program. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { connect } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { cliPath } from '../cli/cli.ts';
import { tinyModel } from '../helpers/tiny_models.ts';
import { stories260kGguf } from '../helpers/stories260k.ts';

let folder: string;
let stories: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'thimble-serve-'));
  stories = join(folder, 'stories.gguf');
  await writeFile(stories, await stories260kGguf());
  await writeFile(join(folder, 'tiny.gguf'), tinyModel('llama-chat'));
});
afterEach(() => children.splice(0).forEach((child) => child.kill('SIGKILL')));
afterAll(() => rm(folder, { recursive: true }));

interface Running {
  readonly child: ChildProcess;
  readonly address: string;
  /** What stands on stderr so far. */
  log(): string;
  readonly ended: Promise<number | null>;
}

async function start(...args: readonly string[]): Promise<Running> {
  const env = { ...process.env, THIMBLE_MODELS: join(folder, 'store') };
  const child = spawn(process.execPath, [cliPath, 'serve', '--port', '0', '--threads', '1', ...args], { env });
  children.push(child);
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const address = await new Promise<string>((resolve, reject) => {
    let out = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
      const found = /listening at (\S+)/.exec(out)?.[1];
      if (found !== undefined) resolve(found);
    });
    void ended.then((code) => reject(new Error(`it ended with ${code}: ${said}`)));
  });
  return { child, address, ended, log: () => said };
}

const post = (address: string, path: string, body: object, signal?: AbortSignal): Promise<Response> =>
  fetch(address + path, { method: 'POST', body: JSON.stringify(body), ...(signal && { signal }) });
const endless = { prompt: 'Once upon a time', max_tokens: 400, temperature: 0, ignore_eos: true };

describe('thimble serve', () => {
  it('answers whatever name a request has with the one model, and writes a line for each request', async () => {
    const { address, log } = await start(stories, '--temp', '0', '--chat-template', 'chatml');
    const completion = await post(address, '/v1/completions', { model: 'gpt-4', prompt: 'Once upon a', max_tokens: 3 });
    expect(await completion.json()).toMatchObject({ model: 'stories', choices: [{ text: ' time, there' }] });
    expect(((await (await fetch(`${address}/v1/models`)).json()) as { data: unknown[] }).data).toMatchObject([
      { id: 'stories' },
    ]);
    await expect.poll(log).toMatch(/^\d\d:\d\d:\d\d POST \/v1\/completions 200 stories 4\+3 tokens \d+\.\d\d s\n/);
  });

  it('opens the models of a folder when they are asked for, one in the place of another, and sees new ones', async () => {
    const { address } = await start('--folder', folder, '--quiet');
    const ask = async (model: string) =>
      (await post(address, '/v1/completions', { model, prompt: [1, 5, 6], max_tokens: 2 })).status;
    const running = async () =>
      ((await (await fetch(`${address}/api/ps`)).json()) as { models: { name: string }[] }).models.map(
        ({ name }) => name,
      );
    expect(await running()).toEqual([]);
    expect(await ask('stories')).toBe(200);
    expect(await running()).toEqual(['stories']);
    expect(await Promise.all(['tiny', 'stories', 'tiny'].map(ask))).toEqual([200, 200, 200]);
    expect(await running()).toHaveLength(1);
    expect(await ask('newer')).toBe(404);
    await writeFile(join(folder, 'newer.gguf'), tinyModel('llama-chat'));
    expect(await ask('newer')).toBe(200);
    await post(address, '/api/generate', { model: 'newer', keep_alive: 0 });
    await expect.poll(running).toEqual([]);
    await rm(join(folder, 'newer.gguf'));
  });

  it('finishes what runs at SIGTERM, and takes no more', async () => {
    const { address, child, ended } = await start(stories);
    const running = post(address, '/v1/completions', { ...endless, stream: true });
    const response = await running;
    child.kill('SIGTERM');
    await expect
      .poll(() =>
        fetch(`${address}/health`).then(
          ({ status }) => status,
          () => 'closed',
        ),
      )
      .not.toBe(200);
    const text = await response.text();
    expect(text).toContain('"finish_reason":"length"');
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
    expect(await ended).toBe(143);
  });

  it('stops an answer whose client is gone', async () => {
    const { address, log } = await start(stories, '--parallel', '1');
    const controller = new AbortController();
    const response = await post(
      address,
      '/v1/completions',
      { ...endless, max_tokens: 500, stream: true },
      controller.signal,
    );
    await response.body!.getReader().read();
    controller.abort();
    expect((await post(address, '/v1/completions', { ...endless, max_tokens: 1 })).status).toBe(200);
    expect(log()).toContain('POST /v1/completions 200 stories');
    const processing = /requests_processing (\d+)/.exec(await (await fetch(`${address}/metrics`)).text())?.[1];
    expect(processing).toBe('0');
  });

  it('downloads what the hub has, and asks no other address', async () => {
    const { address } = await start(stories, '--pull', '--quiet');
    const pulled = async (model: string) => (await post(address, '/api/pull', { model, stream: false })).status;
    for (const model of ['llama9', 'llama9:1b', `${address}/health`, 'hf.co.evil.example/x'])
      // none is looked up
      expect(await pulled(model), model).toBe(404);
    expect(await pulled('hf:x')).toBe(400);
  });

  it('says what is wrong with bytes that are no request, and lives on', async () => {
    const { address } = await start(stories, '--max-body', '1k');
    const port = Number(new URL(address).port);
    const raw = (text: string) =>
      new Promise<string>((resolve) => {
        let said = '';
        const socket = connect(port, '127.0.0.1', () => socket.write(text));
        socket.setEncoding('utf8').on('data', (piece: string) => (said += piece));
        socket.on('error', () => undefined).on('close', () => resolve(said));
      });
    expect(await raw('nonsense\r\n\r\n')).toContain('400 Bad Request');
    expect(await raw('GET / HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n')).toMatch(/^HTTP\/1.1 400/);
    expect(await raw('GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n')).toMatch(/^HTTP\/1.1 403/);
    expect(
      await raw(`POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n\r\n${'x'.repeat(5000)}`),
    ).toMatch(/^HTTP\/1.1 413/);
    const half = connect(port, '127.0.0.1', () =>
      half.end('POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500\r\n\r\n{"prompt"'),
    );
    half.on('error', () => undefined);
    expect((await fetch(`${address}/health`)).status).toBe(200);
  });

  it("is called by no stranger's name where anybody may ask, and by any where a key is asked for", async () => {
    const status = (address: string, host: string) =>
      new Promise<number | undefined>((resolve, reject) => {
        const headers = { Host: host, Authorization: 'Bearer key' };
        get(`http://127.0.0.1:${new URL(address).port}/v1/models`, { headers }, (response) => {
          response.resume();
          resolve(response.statusCode);
        }).on('error', reject);
      });
    const { address } = await start(stories, '--host', '0.0.0.0', '--host-name', 'LLM.example');
    for (const host of ['llm.example', 'box:8080', '10.1.2.3', hostname()])
      expect(await status(address, host)).toBe(200);
    expect(await status(address, 'evil.example')).toBe(403);
    const keyed = await start(stories, '--host', '0.0.0.0', '--api-key', 'key');
    expect(await status(keyed.address, 'evil.example')).toBe(200);
  });

  it.each([
    [['--port', '1'], /cannot listen at 127\.0\.0\.1, port 1|^$/],
    [['--folder', '/no/such/folder'], /cannot read the folder/],
    [['/no/such/model.gguf'], /cannot open \/no\/such\/model\.gguf/],
  ])('says why it cannot begin: %j', async (args, why) => {
    if (args[0] === '--port' && process.getuid?.() === 0) return; // who may do everything may do this
    await expect(start(...args)).rejects.toThrow(why);
  });
});
