/** Conversations in files. */
import { readdirSync } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { FormatError, ResourceError, type ChatMessage } from '../../../src/index.ts';
import { openNodeSink, readNodeFile } from '../../../src/gguf.ts';
import { formatBytes } from '../terminal.ts';

const maxFileBytes = 64 * 2 ** 20;

/** Quotes around a text are none of it. */
export const unquoted = (given: string): string => /^(["'])([^]*)\1$/.exec(given)?.[2] ?? given;

/** As a shell has it: `~` is the home folder, and quotes around a name with spaces are none of it. */
export function expandedPath(given: string): string {
  const path = unquoted(given);
  return path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : path;
}

/** Whether something is there that is no regular file. */
export async function isTaken(path: string): Promise<boolean> {
  const stats = await stat(path).catch(() => undefined);
  if (stats && !stats.isFile()) throw new ResourceError(`${path} is ${kindOf(stats)}; give the name of a file`);
  return stats !== undefined;
}

/** Writes all or nothing: whatever happens, an older file stays until the new one is whole. */
export async function writeWhole(path: string, text: string): Promise<void> {
  const target = await realpath(path).catch(() => path); // a link goes on pointing there
  const sink = await openNodeSink(target, { replace: true });
  try {
    await sink.write(new TextEncoder().encode(text));
    await sink.finish();
  } catch (error) {
    await sink.abort();
    throw error;
  }
}

/** The messages of a saved conversation, or of any list of messages with role and content. */
export async function readConversation(path: string): Promise<{ messages: ChatMessage[]; model: string | undefined }> {
  const value = parseJson(await readSmall(path), path);
  const isList = Array.isArray(value);
  const messages: unknown = isList ? value : (value as { messages?: unknown } | null)?.messages;
  if (!Array.isArray(messages))
    throw new FormatError(
      `${path} has no list of messages; give a file that /save wrote, or a list of { role, content }`,
    );
  const model: unknown = isList ? undefined : (value as { model?: unknown }).model;
  return {
    messages: messages.map((message, i) => checkedMessage(message, `${path}, message ${i + 1}`)),
    model: typeof model === 'string' ? model : undefined,
  };
}

async function readSmall(path: string): Promise<string> {
  const size = (await stat(path).catch(() => undefined))?.size ?? 0;
  if (size > maxFileBytes)
    throw new ResourceError(
      `cannot read ${path}: it has ${formatBytes(size)}, more than a conversation's ${formatBytes(maxFileBytes)}`,
    );
  return new TextDecoder().decode(await readNodeFile(path));
}

function parseJson(json: string, path: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new FormatError(`${path} is not JSON; give a file that /save wrote`, { cause });
  }
}

function checkedMessage(value: unknown, where: string): ChatMessage {
  const wrong = (name: string, came: unknown, expected: string): never => {
    throw new FormatError(`${where}: ${name} is ${typeName(came)}, expected ${expected}`);
  };
  if (!isObject(value)) return wrong('it', value, 'an object with role and content');
  const { role, content } = value;
  if (typeof role !== 'string') return wrong('role', role, 'a text such as "user"');
  const isContent = typeof content === 'string' || content === null || content === undefined;
  const isParts = Array.isArray(content) && content.every(isObject);
  if (!isContent && !isParts) return wrong('content', content, 'a text');
  for (const name of ['toolCalls', 'tool_calls']) {
    const calls = value[name] ?? [];
    if (!Array.isArray(calls) || !calls.every(isObject)) return wrong(name, calls, 'a list of calls');
  }
  return value as unknown as ChatMessage;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function typeName(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

type Kind = Awaited<ReturnType<typeof stat>>;

function kindOf(stats: Kind): string {
  return stats.isDirectory() ? 'a folder' : stats.isFIFO() ? 'a pipe' : stats.isSocket() ? 'a socket' : 'a device';
}

/** What could follow a path that is begun. */
export function completedPath(begun: string): string[] {
  const at = begun.lastIndexOf('/') + 1;
  try {
    return readdirSync(expandedPath(begun.slice(0, at)) || '.', { withFileTypes: true })
      .filter(({ name }) => name.startsWith(begun.slice(at)) && (!name.startsWith('.') || begun[at] === '.'))
      .map((entry) => entry.name.slice(begun.length - at) + (entry.isDirectory() ? '/' : ''));
  } catch {
    return [];
  }
}
