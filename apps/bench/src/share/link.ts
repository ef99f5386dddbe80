import { readResult, rounded, VERSION, type DeviceResult } from '../../../../bench/measure/result.ts';

/**
 * A result in the fragment of a link, which browsers send to no server: `#r1.` and its JSON, deflated, in base64url. Links come from
 * anybody, so sizes are limited before anything is unpacked, and what comes out is checked like a file.
 */
const PREFIX = `#r${VERSION}.`;

/** A full result has 4,000 characters; one with five minutes of a fast device 6,000. */
const MAX_CHARACTERS = 200_000;

/** Of the JSON: a few kilobytes may unpack to gigabytes. */
const MAX_BYTES = 1_000_000;

export async function resultLink(result: DeviceResult, page: string): Promise<string> {
  const json = new Blob([JSON.stringify(rounded(result))]);
  const packed = await new Response(json.stream().pipeThrough(new CompressionStream('deflate-raw'))).arrayBuffer();
  return page.replace(/#.*$/, '') + PREFIX + toBase64Url(new Uint8Array(packed));
}

export const isResultLink = (fragment: string): boolean => /^#r\d+\./.test(fragment);

/** @throws Error that says what is wrong with the link */
export async function resultOfLink(fragment: string): Promise<DeviceResult> {
  if (!fragment.startsWith(PREFIX)) {
    const version = /^#r(\d+)\./.exec(fragment)?.[1];
    throw new Error(
      `This link has a result of version ${version ?? '?'}; this page reads version ${VERSION}. Open it in a newer page.`,
    );
  }
  const text = fragment.slice(PREFIX.length);
  if (text.length > MAX_CHARACTERS) throw new Error('This link is too long to be a result. Ask for it again.');
  const json = await unpacked(text).catch(() => {
    throw new Error('This link is damaged: part of it is missing. Copy all of it, or ask for it again.');
  });
  try {
    return readResult(JSON.parse(json));
  } catch (error) {
    throw new Error(`This link holds no result: ${error instanceof Error ? error.message : String(error)}.`);
  }
}

async function unpacked(base64url: string): Promise<string> {
  const bytes = fromBase64Url(base64url);
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw')).getReader();
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let nBytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    nBytes += value.length;
    if (nBytes > MAX_BYTES) {
      await reader.cancel();
      throw new RangeError('it unpacks to more than any result');
    }
    pieces.push(value as Uint8Array<ArrayBuffer>);
  }
  return new Blob(pieces).text();
}

function toBase64Url(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

const fromBase64Url = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (character) => character.charCodeAt(0));
