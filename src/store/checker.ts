/**
 * Follows a file as it comes, from its beginning: reads back what was written, hashes it, and notes the hash at the end of each part. So
 * it checks the storage, too, and the next download knows what it can trust.
 */
import { FormatError } from '../base/errors.ts';
import { counted } from '../base/numbers.ts';
import { merkleRoot } from './merkle.ts';
import type { FileRecord, OpenFile } from './place.ts';
import { hexOf, Sha256 } from './sha256.ts';
import type { ChunkHashes } from './types.ts';

/** Read back at a time: a hundredth of a second of hashing on a phone. */
const PIECE_BYTES = 2 ** 20;

/** A piece with another hash than it should have is fetched again so often. */
const MOST_BAD = 3;

export class Checker {
  /** Everything before is hashed. */
  position = 0;
  private readonly file: OpenFile;
  private readonly record: FileRecord;
  private readonly chunks: ChunkHashes | undefined;
  private readonly scratch = new Uint8Array(PIECE_BYTES);
  private hash = new Sha256();
  /** Of the bytes since the last end of a chunk. */
  private chunkHash = new Sha256();
  private chunkDigests: Uint8Array[] = [];
  /** The state at the end of each part, where one may have to go back. */
  private states: Sha256[] = [];
  private looksBack = false;
  private readonly nBad = new Map<number, number>();

  constructor(file: OpenFile, record: FileRecord, chunks: ChunkHashes | undefined) {
    this.file = file;
    this.record = record;
    this.chunks = chunks;
    const { sha256, root, bytes } = chunks ?? {};
    if (!sha256) return;
    if (root !== undefined && hexOf(merkleRoot(sha256.map(bytesOf))) !== root.toLowerCase())
      throw new FormatError(`${record.name}: the list of hashes does not have the root ${root}; is it another file's?`);
    const nChunks = Math.ceil(record.sizeBytes! / bytes!);
    if (sha256.length === nChunks) return;
    throw new FormatError(
      `${record.name} has ${counted(record.sizeBytes!)} bytes, ${nChunks} chunks, but ${sha256.length} hashes were given; is it another file?`,
    );
  }

  /** From the beginning again. */
  reset(): void {
    this.position = 0;
    this.hash = new Sha256();
    this.chunkHash = new Sha256();
    this.chunkDigests = [];
    this.states = [];
    this.record.checkpoints = [];
  }

  /** Checks what an earlier download has left, as far as it is as noted; the rest is forgotten. */
  async lookBack(onPiece: () => void, signal: AbortSignal): Promise<void> {
    const noted = this.record.checkpoints;
    this.reset();
    const { partBytes, sizeBytes } = this.record;
    this.looksBack = true;
    for (const [i, digest] of noted.entries()) {
      const begun = this.hash.copy();
      const end = Math.min((i + 1) * partBytes, sizeBytes ?? Infinity);
      const isThere = await this.advance(end, onPiece, signal);
      if (isThere && this.record.checkpoints[i] === digest) continue;
      this.goBack(i, begun);
      break;
    }
    this.looksBack = false;
  }

  /**
   * Hashes up to `end`.
   * @returns whether all of it was there, and where hashes of chunks are known, as it should be: else `position` is where to go on
   */
  async advance(end: number, onPiece?: () => void, signal?: AbortSignal): Promise<boolean> {
    while (this.position < end) {
      signal?.throwIfAborted();
      const into = this.scratch.subarray(0, Math.min(PIECE_BYTES, this.toBoundary(), end - this.position));
      if ((await this.file.read(this.position, into)) < into.length) return false;
      if (this.position === 0 && !this.looksBack) checkBegin(this.record.name, into);
      this.hash.update(into);
      if (this.chunks) this.chunkHash.update(into);
      this.position += into.length;
      if (!this.chunkIsRight()) return false;
      this.note();
      onPiece?.();
    }
    return true;
  }

  /** The file is whole: its hash. @throws FormatError where it is another file than was promised */
  finish(): string {
    const { name, expected } = this.record;
    const came = this.hash.hex();
    const { root } = this.chunks ?? {};
    if (expected !== undefined && came !== expected) throw this.poisoned(`SHA-256 ${came}, expected ${expected}`);
    if (root === undefined || hexOf(merkleRoot(this.chunkDigests)) === root.toLowerCase()) return came;
    throw this.poisoned(`another Merkle root than ${root} for ${name}`);
  }

  private poisoned(what: string): FormatError {
    return new FormatError(
      `${this.record.name} is not the file that it should be: ${what}; nothing of it is kept, download it again, or from elsewhere`,
    );
  }

  /** Bytes until a part or a chunk ends. */
  private toBoundary(): number {
    const { partBytes, sizeBytes } = this.record;
    const until = (bytes: number): number => bytes - (this.position % bytes);
    const toChunk = this.chunks ? until(this.chunks.bytes) : Infinity;
    return Math.min(until(partBytes), toChunk, sizeBytes === undefined ? Infinity : sizeBytes - this.position);
  }

  /** At the end of a chunk. */
  private chunkIsRight(): boolean {
    const { chunks, position, record } = this;
    if (!chunks || (position % chunks.bytes > 0 && position !== record.sizeBytes)) return true;
    const i = Math.ceil(position / chunks.bytes) - 1;
    const digest = this.chunkHash.digest();
    const wanted = chunks.sha256?.[i]?.toLowerCase();
    this.chunkHash = new Sha256();
    if (wanted === undefined || hexOf(digest) === wanted) {
      this.chunkDigests[i] = digest;
      return true;
    }
    const nBad = (this.nBad.get(i) ?? 0) + 1;
    this.nBad.set(i, nBad);
    if (nBad >= MOST_BAD)
      throw this.poisoned(`chunk ${i} came ${nBad} times with SHA-256 ${hexOf(digest)}, expected ${wanted}`);
    const part = Math.ceil(position / record.partBytes) - 1;
    this.goBack(part, this.states[part - 1] ?? new Sha256());
    return false;
  }

  /** To the beginning of a part. Chunks do not lie across parts. */
  private goBack(part: number, state: Sha256): void {
    this.position = part * this.record.partBytes;
    this.hash = state.copy();
    this.chunkHash = new Sha256();
    this.record.checkpoints.length = part;
    if (this.states.length > part) this.states.length = part;
  }

  /** At the end of a part. */
  private note(): void {
    const { position, record } = this;
    if (position % record.partBytes > 0 && position !== record.sizeBytes) return;
    record.checkpoints.push(this.hash.hex());
    if (this.chunks) this.states.push(this.hash.copy());
  }
}

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(hex.match(/../g)!, (digits) => parseInt(digits, 16));

const magic = 'GGUF';

/** A page that a server sends in place of a file is known by its first bytes. */
export function checkBegin(name: string, begin: Uint8Array): void {
  const came = new TextDecoder('latin1').decode(begin.subarray(0, magic.length));
  if (came === magic) return;
  const isPage = /^\s*<(!doctype|html|\?xml)/i.test(new TextDecoder().decode(begin.subarray(0, 64)));
  const what = isPage ? 'a web page (HTML)' : `${JSON.stringify(came)} at its beginning`;
  throw new FormatError(`${name}: ${what} came, expected a GGUF file; nothing of it is kept, check the address`);
}
