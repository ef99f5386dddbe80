/** A model from a server into a place: all its shards, once, whoever else wants it. */
import { FormatError, ResourceError } from '../base/errors.ts';
import { sum } from '../base/numbers.ts';
import { downloadFile, type Fetched } from './download_file.ts';
import { hfHashes } from './hf.ts';
import { doneBytesOf, newFile } from './model_record.ts';
import type { FileRecord, ModelRecord, Place, Release } from './place.ts';
import { RemoteFile, type Facts } from './remote.ts';
import { makeRoom } from './room.ts';
import { planOf, type Plan, type Wanted } from './sources.ts';
import { Teller } from './teller.ts';
import { kindOfTrouble, pause, stopped, tried, usualPatience, type Patience } from './trouble.ts';
import type { DownloadSource, StoreProgress } from './types.ts';

export interface DownloadJob {
  readonly source: DownloadSource;
  readonly nConnections: number;
  readonly patience?: Partial<Patience> | undefined;
}

/** What a job tells, and what stops it. */
export interface JobHooks {
  readonly onProgress: (progress: StoreProgress) => void;
  readonly signal: AbortSignal;
}

/** Most addresses that are wrong are so from the beginning: nobody should wait long to hear it. */
const FIRST_TRIES = 3;

/** A server that has another version each time is given up. */
const MOST_VERSIONS = 3;

/** How often the progress of another tab is looked at. */
const FOLLOW_MS = 400;

/** Downloads what is missing. @returns the record of the model, which is complete */
export async function runDownload(place: Place, job: DownloadJob, hooks: JobHooks): Promise<ModelRecord> {
  const plan = planOf(job.source);
  const known = await place.record(plan.name);
  if (known && (await isWhole(place, known))) return checkedSame(known, plan);
  const teller = new Teller(hooks.onProgress);
  teller.tellNow();
  const release = await turnOf(place, plan.name, teller, hooks.signal);
  try {
    const now = await place.record(plan.name);
    if (now && (await isWhole(place, now))) return checkedSame(now, plan);
    const record = now && !now.isComplete && hasBytes(now) ? checkedSame(now, plan) : newRecord(place, plan);
    if (now && now !== record) for (const file of now.files) await place.remove(now, file);
    await place.keep(record);
    await new Download(place, plan, record, { job, hooks, teller })
      .run()
      .catch((error: unknown) => failed(place, record, error));
    return record;
  } finally {
    release();
  }
}

/** Complete, and not removed underneath since. */
async function isWhole(place: Place, record: ModelRecord): Promise<boolean> {
  if (!record.isComplete) return false;
  const areThere = await Promise.all(record.files.map((file) => place.isThere(record, file)));
  return areThere.every(Boolean);
}

/** A download of which nothing has come leaves nothing. */
async function failed(place: Place, record: ModelRecord, error: unknown): Promise<never> {
  if (hasBytes(record)) throw error;
  for (const file of record.files) await place.remove(record, file);
  await place.forget(record);
  throw error;
}

/** Waits until nobody else downloads the model, and tells how far they are. */
async function turnOf(place: Place, name: string, teller: Teller, signal: AbortSignal): Promise<Release> {
  const free = await place.lock(name, { ifFree: true });
  if (free) return free;
  teller.wait('another tab or program is downloading it');
  let isOver = false;
  const turn = place.lock(name, { signal }).finally(() => (isOver = true));
  turn.catch(() => undefined);
  while (!isOver) {
    const record = await place.record(name);
    record?.files.forEach((file, i) => teller.bytes(i, doneBytesOf(file), 'waiting'));
    if (record) teller.total(totalOf(record.files));
    await Promise.race([turn, pause(FOLLOW_MS, signal)]);
  }
  const release = (await turn)!;
  teller.wait(undefined);
  return release;
}

function totalOf(files: readonly FileRecord[]): number | undefined {
  const sizes = files.map(({ sizeBytes, aboutBytes }) => sizeBytes ?? aboutBytes);
  return sizes.includes(undefined) ? undefined : sum(sizes as number[]);
}

function newRecord(place: Place, { name, from, files }: Plan): ModelRecord {
  return {
    name,
    from,
    addedAt: Date.now(),
    keeper: place.keeper,
    isComplete: false,
    files: files.map((file) => newFile(place.newKey(name, file.name), file.name, file.chunks?.bytes)),
  };
}

/** A download that failed before anything came binds nobody. */
const hasBytes = ({ files }: ModelRecord): boolean => files.some((file) => doneBytesOf(file) > 0);

/** The record is of what is asked for. @throws ResourceError where the name stands for something else */
function checkedSame(record: ModelRecord, plan: Plan): ModelRecord {
  const { name, from } = plan;
  const wanted = plan.files.map(({ sha256 }) => sha256);
  const stored = record.files.map(({ sha256, expected }) => sha256 ?? expected);
  const other = wanted.findIndex((hash, i) => hash !== undefined && stored[i] !== undefined && hash !== stored[i]);
  const isKnownSame =
    wanted.length === stored.length && wanted.every((hash, i) => hash !== undefined && hash === stored[i]);
  const help = 'delete that one, or give this one another name';
  if (other >= 0)
    throw new ResourceError(
      `the store has a ${name} with SHA-256 ${stored[other]}, expected ${wanted[other]}; ${help}`,
    );
  if (record.from === from || isKnownSame) return record;
  throw new ResourceError(`the store has a ${name} from elsewhere (${record.from}, expected ${from}); ${help}`);
}

interface Around {
  readonly job: DownloadJob;
  readonly hooks: JobHooks;
  readonly teller: Teller;
}

class Download {
  private readonly place: Place;
  private readonly plan: Plan;
  private readonly record: ModelRecord;
  private readonly teller: Teller;
  private readonly signal: AbortSignal;
  private readonly patience: Patience;
  private readonly nConnections: number;
  /** What the host says of the files, where it says it apart from them. */
  private hosts: ReadonlyMap<string, string> = new Map();

  constructor(place: Place, plan: Plan, record: ModelRecord, { job, hooks, teller }: Around) {
    this.place = place;
    this.plan = plan;
    this.record = record;
    this.teller = teller;
    this.signal = hooks.signal;
    this.patience = { ...usualPatience, ...job.patience };
    this.nConnections = job.nConnections;
  }

  async run(): Promise<void> {
    const { plan, record, teller, place } = this;
    const remotes = plan.files.map(
      ({ url }) => new RemoteFile({ url, headers: plan.headers, patience: this.patience }),
    );
    const facts: Facts[] = [];
    for (const [i, remote] of remotes.entries()) facts.push(await this.ask(i, remote));
    teller.total(totalOf(record.files));
    record.files.forEach((file, i) => teller.bytes(i, doneBytesOf(file), 'starting'));
    await makeRoom(place, record);
    await place.keep(record);
    for (const [i, remote] of remotes.entries()) await this.fetch(i, remote, facts[i]!);
    record.isComplete = true;
    await place.keep(record);
    teller.become('done');
  }

  /** Asks the server what the file is, and forgets what lies there of another one. */
  private async ask(i: number, remote: RemoteFile): Promise<Facts> {
    const { signal, patience, plan, record } = this;
    const file = record.files[i]!;
    const wanted = plan.files[i]!;
    const onWait = (reason: string | undefined): void => this.teller.wait(reason);
    const trying = {
      patience: { ...patience, nTries: Math.min(FIRST_TRIES, patience.nTries) },
      signal,
      progress: () => 0,
      onWait,
    };
    const facts = await tried(() => remote.facts(signal), trying);
    if (plan.hf && facts.sha256 === undefined && this.hosts.size === 0)
      this.hosts = await tried(() => hfHashes(plan.hf!, plan, { signal, stallMs: patience.stallMs }), trying).catch(
        () => new Map<string, string>(),
      ); // not verified, then
    signal.throwIfAborted();
    const expected = checkedHash(wanted, facts.sha256 ?? this.hosts.get(wanted.name));
    if (facts.sizeBytes === 0) throw new FormatError(`${remote.name} is empty; check the address`);
    const { sizeBytes, aboutBytes, version } = facts;
    const { partBytes } = newFile(file.key, file.name, wanted.chunks?.bytes);
    const isCut = wanted.chunks !== undefined && file.sha256 === undefined && partBytes !== file.partBytes; // other parts than chunks need
    if (isCut || !isSameFile(file, { sizeBytes, version, expected })) {
      if (isCut || file.sha256 !== undefined) await this.place.remove(record, file);
      Object.assign(file, { checkpoints: [], sha256: undefined, ...(isCut && { partBytes }) });
    }
    Object.assign(file, { sizeBytes, aboutBytes, version, expected });
    return facts;
  }

  private async fetch(i: number, remote: RemoteFile, first: Facts): Promise<void> {
    const { place, record, plan, teller } = this;
    const file = record.files[i]!;
    let facts = first;
    for (let nVersions = 1; file.sha256 === undefined; nVersions++) {
      const bytes = await place.open(record, file);
      try {
        file.sha256 = await this.fetched(
          { file: bytes, record: file, remote, facts, chunks: plan.files[i]!.chunks },
          i,
        );
        await bytes.flush();
      } catch (error) {
        const trouble = kindOfTrouble(error)?.trouble;
        if (trouble === 'passing' || trouble === undefined || nVersions >= MOST_VERSIONS) throw error;
        facts = trouble === 'noRanges' ? { ...facts, hasRanges: false } : await this.ask(i, remote);
        teller.total(totalOf(record.files));
        if (facts.aboutBytes !== undefined) await bytes.reserve(facts.aboutBytes);
      } finally {
        await bytes.close();
        if (file.sha256 === undefined) await place.keep(record);
      }
    }
    teller.total(totalOf(record.files));
    teller.bytes(i, file.sizeBytes!, 'running');
    await place.finish(record, file);
    await place.keep(record);
  }

  private async fetched(fetched: Fetched, i: number): Promise<string> {
    const { teller, signal, patience, nConnections } = this;
    try {
      return await downloadFile(fetched, {
        patience,
        signal,
        nConnections,
        onBytes: (doneBytes, state) => teller.bytes(i, doneBytes, state),
        onWait: (reason) => teller.wait(reason),
        onNoted: () => this.place.keep(this.record),
      });
    } catch (error) {
      if (error instanceof FormatError) await this.drop(fetched);
      if (signal.aborted) throw stopped(signal);
      throw error;
    }
  }

  /** Nothing stays of a file that is not what it should be. */
  private async drop({ file, record }: Fetched): Promise<void> {
    record.checkpoints = [];
    await file.close();
    await this.place.remove(this.record, record);
  }
}

/** Whether what has come of a file is of the one that the server has now. Where nothing tells versions apart, nobody can know. */
function isSameFile(file: FileRecord, now: Pick<FileRecord, 'sizeBytes' | 'version' | 'expected'>): boolean {
  if (file.sizeBytes !== now.sizeBytes) return false;
  if (file.expected !== undefined && now.expected !== undefined) return file.expected === now.expected;
  return file.version !== null && file.version === now.version;
}

/** What the SHA-256 has to be. @throws FormatError where the host has another file than the caller wants */
function checkedHash({ name, sha256 }: Wanted, hosts: string | undefined): string | undefined {
  if (sha256 === undefined || hosts === undefined || sha256 === hosts) return sha256 ?? hosts;
  throw new FormatError(`${name} at the server has SHA-256 ${hosts}, expected ${sha256}; is it another version?`);
}
