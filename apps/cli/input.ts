/** Text that comes in: from stdin or a file, byte for byte. */
import { fstatSync, type Stats } from 'node:fs';
import { stdin } from 'node:process';
import { FormatError, ResourceError } from '../../src/index.ts';
import { readNodeFile } from '../../src/gguf.ts';
import { complain } from './terminal.ts';

const stdinFd = 0;

/** After so long without a byte a person wonders what is waited for. */
const patienceMs = 3000;

/**
 * All of stdin. Where there is a prompt already, `hint` says after a while how to go on without. A program that started this
 * one and left its stdin open, as Node's does, is not waited for: shells connect pipes, programs sockets.
 */
export async function readStdin(signal: AbortSignal, hint?: string): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  if (kindOfStdin()?.isDirectory()) throw new ResourceError('stdin is a folder, expected a text');
  let isGivenUp = false;
  const stop = (): void => void stdin.destroy();
  const lookAround = (): void => {
    if (hint === undefined || pieces.length > 0) return;
    isGivenUp = kindOfStdin()?.isSocket() === true;
    complain(isGivenUp ? 'nothing comes in on stdin; going on with the prompt alone' : hint);
    if (isGivenUp) stop();
  };
  const timer = setTimeout(lookAround, patienceMs);
  signal.addEventListener('abort', stop, { once: true });
  try {
    for await (const piece of stdin) pieces.push(piece as Uint8Array);
  } catch (error) {
    signal.throwIfAborted();
    if (!isGivenUp) throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
  signal.throwIfAborted();
  return Buffer.concat(pieces);
}

/** Undefined where stdin is closed. */
function kindOfStdin(): Stats | undefined {
  try {
    return fstatSync(stdinFd);
  } catch {
    return undefined;
  }
}

export const readTextFile = async (path: string, signal: AbortSignal): Promise<string> =>
  decodeUtf8(await readNodeFile(path, signal), path);

const stepBytes = 4096;

/** Every byte counts, a byte order mark too. @throws FormatError that names the first byte that is not UTF-8. */
export function decodeUtf8(bytes: Uint8Array, name: string): string {
  try {
    return strictDecoder().decode(bytes);
  } catch {
    const at = firstBadByte(bytes);
    const came =
      at < bytes.length
        ? `byte 0x${bytes[at]!.toString(16).padStart(2, '0')} at offset ${at}`
        : `its end, offset ${at},`;
    throw new FormatError(`${name} is not UTF-8: ${came} cannot stand there; convert the text to UTF-8`);
  }
}

const strictDecoder = () => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Decodes in steps until one fails, then that step byte by byte. */
function firstBadByte(bytes: Uint8Array): number {
  const fails = (decoder: TextDecoder, begin: number, end: number): boolean => {
    try {
      decoder.decode(bytes.subarray(begin, end), { stream: true });
      return false;
    } catch {
      return true;
    }
  };
  const steps = strictDecoder();
  let begin = 0;
  while (begin < bytes.length && !fails(steps, begin, begin + stepBytes)) begin += stepBytes;
  begin = Math.max(0, Math.min(begin, bytes.length) - 4); // the character may have begun in the step before
  while (begin > 0 && (bytes[begin]! & 0xc0) === 0x80) begin--;
  const single = strictDecoder();
  let at = begin;
  while (at < bytes.length && !fails(single, at, at + 1)) at++;
  return at;
}
