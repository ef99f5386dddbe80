/** Rows are encoded by several threads, and come back in order. */
import { asError, ResourceError, UnsupportedError } from '../base/errors.ts';
import type { WorkerHandle } from '../platform/platform.ts';
import { files, spawn } from '#platform';
import { encodeRows, prepareTypes, type Encoded, type Rows } from './rows.ts';

/** Whoever encodes rows. */
export interface Team {
  readonly nThreads: number;
  encode(rows: Rows): Promise<Encoded>;
  close(): Promise<void>;
}

/** One thread is the caller's own; more are workers. `types` are those that rows come in and go out in. */
export async function startTeam(nThreads: number, types: readonly string[]): Promise<Team> {
  if (nThreads > 1) {
    const { encode: script } = await files();
    if (script !== undefined) return new Workers(new URL(script), nThreads, types);
    throw new UnsupportedError(
      `threads is ${nThreads}, and a page quantises in its own thread only; leave threads out`,
    );
  }
  await prepareTypes(types);
  return { nThreads, encode: async (rows) => encodeRows(rows), close: async () => undefined };
}

interface Task {
  readonly rows: Rows;
  readonly resolve: (encoded: Encoded) => void;
  readonly reject: (error: Error) => void;
}

/** A worker has one task at a time; the others wait in line. */
class Workers implements Team {
  readonly nThreads: number;
  private readonly workers: WorkerHandle[] = [];
  private readonly idle: WorkerHandle[] = [];
  private readonly busy = new Map<WorkerHandle, Task>();
  private readonly line: Task[] = [];
  private death: Error | undefined;

  constructor(script: URL, nThreads: number, types: readonly string[]) {
    this.nThreads = nThreads;
    try {
      while (this.workers.length < nThreads) this.add(spawn(script, 'thimble encode'), types);
    } catch (error) {
      this.died(asError(error));
    }
  }

  private add(worker: WorkerHandle, types: readonly string[]): void {
    this.workers.push(worker);
    worker.onDeath((reason) => this.died(reason));
    worker.onMessage((message) => {
      this.busy.get(worker)?.resolve(message as Encoded);
      this.busy.delete(worker);
      this.idle.push(worker);
      this.hand();
    });
    worker.post(types);
    this.idle.push(worker);
  }

  private died(reason: Error): void {
    const why = `a thread that encodes weights ended (${reason.message}); ask for fewer threads`;
    this.death ??= new ResourceError(why, { cause: reason });
    for (const { reject } of [...this.busy.values(), ...this.line.splice(0)]) reject(this.death);
  }

  encode(rows: Rows): Promise<Encoded> {
    if (this.death) return Promise.reject(this.death);
    return new Promise((resolve, reject) => {
      this.line.push({ rows, resolve, reject });
      this.hand();
    });
  }

  private hand(): void {
    while (this.line.length > 0 && this.idle.length > 0) {
      const [worker, task] = [this.idle.pop()!, this.line.shift()!];
      this.busy.set(worker, task);
      worker.post(task.rows, [task.rows.bytes.buffer]);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }
}

/**
 * What becomes of rows, in their order. So many are on their way at a time that no thread waits, and no more: memory does not grow with
 * the file.
 */
export async function* inOrder(all: AsyncIterable<Rows>, team: Team): AsyncGenerator<Encoded, void> {
  const ahead = team.nThreads > 1 ? 2 * team.nThreads : 0;
  const waiting: Promise<Encoded>[] = [];
  for await (const rows of all) {
    const encoding = team.encode(rows);
    encoding.catch(() => undefined); // seen when its turn comes
    waiting.push(encoding);
    if (waiting.length > ahead) yield await waiting.shift()!;
  }
  for (const encoding of waiting) yield await encoding;
}
