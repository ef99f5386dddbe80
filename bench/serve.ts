/**
 * `thimble serve` under load: many clients at once, of which some leave, some read slowly and some talk nonsense. Says how long each kind of
 * request took, and fails where an answer has another status than it should, where sessions or files stay open, or where the server is gone.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describeMachine } from './lib/machine.ts';
import { count, readOptions } from './lib/options.ts';
import { table } from './lib/table.ts';

const { options } = readOptions('usage: node bench/run.mjs serve [options]', {
  model: { value: 'PATH', help: 'a GGUF file; default: stories260K' },
  clients: { value: 'N', default: '100', help: 'at a time' },
  requests: { value: 'N', default: '2000', help: 'in all' },
  tokens: { value: 'N', default: '32', help: 'most tokens of an answer' },
  parallel: { value: 'N', default: '4', help: 'answers of the model at a time' },
  url: { value: 'ADDRESS', help: "another server's, which is running: llama-server for example" },
});

const root = fileURLToPath(new URL('../..', import.meta.url));
const nTokens = count('tokens', options.tokens);
const messages = [{ role: 'user', content: 'Tell me a story.' }];
const chat = { model: 'm', messages, max_tokens: nTokens, temperature: 1 };

/** How a client behaves. */
interface Kind {
  readonly name: string;
  /** Of so many requests one in ten. */
  readonly tenths: number;
  readonly path: string;
  readonly body: string;
  readonly status: number;
  /** Leaves when this many pieces have come. */
  readonly leavesAfter?: number;
  /** Milliseconds between two pieces that it reads. */
  readonly readsEveryMs?: number;
}

const kinds: readonly Kind[] = [
  { name: 'chat', tenths: 2, path: '/v1/chat/completions', body: JSON.stringify(chat), status: 200 },
  {
    name: 'chat, streamed',
    tenths: 3,
    path: '/v1/chat/completions',
    body: JSON.stringify({ ...chat, stream: true }),
    status: 200,
  },
  {
    name: 'completion',
    tenths: 1,
    path: '/v1/completions',
    body: JSON.stringify({ model: 'm', prompt: 'Once', max_tokens: nTokens }),
    status: 200,
  },
  {
    name: 'leaves in the middle',
    tenths: 1,
    path: '/v1/chat/completions',
    body: JSON.stringify({ ...chat, stream: true, max_tokens: 400 }),
    status: 200,
    leavesAfter: 3,
  },
  {
    name: 'reads slowly',
    tenths: 1,
    path: '/v1/chat/completions',
    body: JSON.stringify({ ...chat, stream: true }),
    status: 200,
    readsEveryMs: 5,
  },
  {
    name: 'tokenize',
    tenths: 1,
    path: '/tokenize',
    body: JSON.stringify({ content: 'Once upon a time' }),
    status: 200,
  },
  { name: 'no JSON', tenths: 1, path: '/v1/chat/completions', body: '{"messages": [', status: 400 },
];
const lots = kinds.flatMap((kind) => Array<Kind>(kind.tenths).fill(kind));

interface Taken {
  readonly kind: Kind;
  /** Until the first piece of the answer, and until its end. */
  readonly firstMs: number;
  readonly ms: number;
  readonly status: number;
}

function take(address: string, kind: Kind): Promise<Taken> {
  const startMs = performance.now();
  return new Promise((resolve, reject) => {
    const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(kind.body) };
    const request = httpRequest(address + kind.path, { method: 'POST', headers }, (response) => {
      void readAll(response, kind, startMs).then(resolve, reject);
    });
    request.on('error', reject).end(kind.body);
  });
}

async function readAll(response: IncomingMessage, kind: Kind, startMs: number): Promise<Taken> {
  let firstMs = 0;
  let nPieces = 0;
  for await (const _ of response) {
    firstMs ||= performance.now() - startMs;
    nPieces++;
    if (nPieces === kind.leavesAfter) break; // which destroys the connection
    if (kind.readsEveryMs !== undefined) await wait(kind.readsEveryMs);
  }
  return { kind, firstMs, ms: performance.now() - startMs, status: response.statusCode ?? 0 };
}

/** All requests, so many at a time. */
async function drive(
  address: string,
  nRequests: number,
  nClients: number,
): Promise<{ readonly taken: Taken[]; readonly failures: string[] }> {
  const taken: Taken[] = [];
  const failures: string[] = [];
  let next = 0;
  const client = async (): Promise<void> => {
    while (next < nRequests) {
      const kind = lots[(next++ * 7) % lots.length]!;
      try {
        const one = await take(address, kind);
        taken.push(one);
        if (one.status !== kind.status) failures.push(`${kind.name}: ${one.status} instead of ${kind.status}`);
      } catch (error) {
        failures.push(`${kind.name}: ${(error as Error).message}`);
      }
    }
  };
  await Promise.all(Array.from({ length: nClients }, client));
  return { taken, failures };
}

/** What the system says of the server: bytes in memory, and open files. */
function stateOf(pid: number | undefined): { readonly mib: number; readonly files: number } | undefined {
  if (pid === undefined || !existsSync(`/proc/${pid}/status`)) return undefined;
  const kib = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return { mib: Number(kib) / 1024, files: readdirSync(`/proc/${pid}/fd`).length };
}

function makeStories(path: string): void {
  const fixture = (name: string) => join(root, 'test/fixtures/stories260K', name);
  const args = ['scripts/stories260k_to_gguf.mjs', fixture('stories260K.bin'), fixture('tok512.bin'), path];
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new Error('stories260K could not be made');
}

async function startServer(model: string) {
  const args = [
    'dist/node/cli.js',
    'serve',
    model,
    '--port',
    '0',
    '--quiet',
    '--chat-template',
    'chatml',
    '--parallel',
    options.parallel,
  ];
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  const address = await new Promise<string>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (said: string) => resolve(said.replace('listening at ', '').trim()));
    child.once('close', () => reject(new Error('the server ended')));
  });
  return { address, child };
}

const part = (sorted: readonly number[], p: number): string =>
  (sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))] ?? NaN).toFixed(0);

function report(taken: readonly Taken[], seconds: number): string {
  const rows = kinds.map((kind) => {
    const its = taken.filter((one) => one.kind === kind);
    const sorted = (of: (one: Taken) => number) => its.map(of).sort((a, b) => a - b);
    const [first, all] = [sorted(({ firstMs }) => firstMs), sorted(({ ms }) => ms)];
    return [
      kind.name,
      String(its.length),
      ...[0.5, 0.95].map((p) => part(first, p)),
      ...[0.5, 0.95, 0.99].map((p) => part(all, p)),
    ];
  });
  const head = ['requests', 'n', 'first p50 ms', 'first p95', 'whole p50 ms', 'whole p95', 'whole p99'];
  return `${table(head, rows)}\n\n${taken.length} requests in ${seconds.toFixed(1)} s, ${(taken.length / seconds).toFixed(0)} a second`;
}

/** What stays open although nobody asks any more. */
async function leftOver(address: string): Promise<string[]> {
  for (let tries = 0; ; tries++) {
    const text = await (await fetch(`${address}/metrics`)).text();
    const value = (name: string) => Number(new RegExp(`^${name} (\\d+)`, 'm').exec(text)?.[1]);
    const busy = value('llamacpp:requests_processing') + value('llamacpp:requests_deferred');
    const open = value('thimble:http_requests_open') - 1; // this one
    if (busy === 0 && open === 0) return [];
    if (tries === 50) return [`${busy} sessions are busy and ${open} requests open when all clients have gone`];
    await wait(100);
  }
}

const folder = mkdtempSync(join(tmpdir(), 'thimble-load-'));
const model = options.model ?? join(folder, 'stories260K.gguf');
if (options.model === undefined) makeStories(model);
const started = options.url === undefined ? await startServer(model) : undefined;
const address = options.url ?? started!.address;
const nClients = count('clients', options.clients);
const { cpu, nCores } = describeMachine();
console.log(
  `${cpu}, ${nCores} cores, Node ${process.version}; ${nClients} clients, ${options.parallel} answers at a time`,
);
await drive(address, 2 * nClients, nClients); // code is compiled, sessions are open
const before = stateOf(started?.child.pid);
const startMs = performance.now();
const { taken, failures } = await drive(address, count('requests', options.requests), nClients);
console.log(report(taken, (performance.now() - startMs) / 1000));
if (started) failures.push(...(await leftOver(address)));
const after = stateOf(started?.child.pid);
if (before && after) {
  console.log(
    `memory ${before.mib.toFixed(0)} → ${after.mib.toFixed(0)} MiB, open files ${before.files} → ${after.files}`,
  );
}
const ended = new Promise<number | null>((resolve) => (started ? started.child.once('close', resolve) : resolve(143)));
started?.child.kill('SIGTERM');
const code = await ended;
if (code !== 143) failures.push(`the server ended with ${code}`);
rmSync(folder, { recursive: true });
for (const failure of new Set(failures)) console.error(`failed: ${failure}`);
process.exitCode = failures.length > 0 ? 1 : 0;
