import { texts } from 'thimble:inlined';
import type { Files } from './platform.ts';

let made: Promise<Files> | undefined;

/** Addresses of files whose content this script has: compressed, as base64. */
export const inlinedFiles = (): Promise<Files> => (made ??= makeFiles());

async function makeFiles(): Promise<Files> {
  const made = Object.entries(texts).map(async ([name, text]) => [name, await address(name, text)] as const);
  const files = Object.fromEntries(await Promise.all(made)) as Record<string, string>;
  return { ...files, compute: files['engine']! };
}

async function address(name: string, text: string): Promise<string> {
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let i = 0; i < letters.length; i++) bytes[i] = letters.charCodeAt(i);
  const content = new Response(bytes).body!.pipeThrough(new DecompressionStream('gzip'));
  const type = name.startsWith('thimble.') ? 'application/wasm' : 'text/javascript';
  return URL.createObjectURL(new Blob([await new Response(content).arrayBuffer()], { type }));
}
