/** Reads an export. Everything is checked before anything is written. */
import type { Database, Rows } from './database.ts';
import { ImportError } from './errors.ts';
import { format, formatVersion, type ExportedConversation } from './format.ts';
import { anyObject, boolean, kindOf, list, name, number, object, oneOf, text, time, type Check } from './shape.ts';
import type { AnswerStats, Conversation, Imported, Message, Persona, SourcePlace, StoredDocument } from './types.ts';

/** No text of a browser is longer. */
const mostBytes = 2 ** 29;

/** The required fields of a type, and the others. */
type Needed<Type> = { [Name in keyof Type as undefined extends Type[Name] ? never : Name]: Type[Name] };
type Others<Type> = { [Name in keyof Type as undefined extends Type[Name] ? Name : never]-?: NonNullable<Type[Name]> };

const stats = object<AnswerStats, object>(
  { nPromptTokens: number, nTokens: number, ttftMs: number, decodeTps: number, prefillTps: number, stopReason: text },
  {},
);

const source = object<SourcePlace, object>({ documentId: name, name: text, place: text, text }, {});

const states = ['growing', 'interrupted', 'whole', 'stopped', 'failed'] as const;

const message = object<Needed<Message>, Others<Message>>(
  {
    id: name,
    conversationId: name,
    role: oneOf(['user', 'assistant']),
    text,
    createdAt: time,
    state: oneOf(states),
  },
  {
    parentId: name,
    thinking: text,
    error: text,
    model: text,
    stats,
    documentIds: list(name),
    sources: list(source),
  },
) as Check<Message>;

const document = object<Needed<StoredDocument>, Others<StoredDocument>>(
  {
    id: name,
    conversationId: name,
    name: text,
    kind: oneOf(['text', 'markdown', 'pdf']),
    sizeBytes: number,
    parts: list(object<StoredDocument['parts'][number], object>({ place: text, text }, {})),
    createdAt: time,
  },
  {},
);

const conversation = object<Needed<ExportedConversation>, Others<ExportedConversation>>(
  {
    id: name,
    title: text,
    titleFrom: oneOf(['words', 'model', 'user']),
    createdAt: time,
    updatedAt: time,
    isPinned: boolean,
    messages: list(message),
    documents: list(document),
  },
  { personaId: name, leafId: name, settings: anyObject },
) as Check<ExportedConversation>;

const persona = object<Needed<Persona>, Others<Persona>>(
  { id: name, name: text, prompt: text, updatedAt: time },
  { settings: anyObject },
) as Check<Persona>;

interface Contents {
  readonly conversations: readonly ExportedConversation[];
  readonly personas: readonly Persona[];
}

/** @throws ImportError */
export async function importJson(database: Database, file: Blob): Promise<Imported> {
  if (file.size > mostBytes)
    throw new ImportError(`The file has ${file.size.toLocaleString()} bytes, more than ${mostBytes.toLocaleString()}`);
  const contents = checked(parsed(await file.text()));
  for (const [i, each] of contents.conversations.entries()) checkTree(each, `conversations[${i}]`);
  return database.change((rows) => merge(rows, contents), { isStrict: true });
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    const why = (cause as Error).message;
    throw new ImportError(`The file is no JSON, or was cut off: ${why}; choose a file that thimble exported`, {
      cause,
    });
  }
}

function checked(file: unknown): Contents {
  const { format: said, version } = (typeof file === 'object' && file !== null ? file : {}) as Record<string, unknown>;
  if (said !== format) {
    const came = `its "format" is ${kindOf(said)}, expected "${format}"`;
    throw new ImportError(`The file is no export of thimble: ${came}; choose a file that thimble exported`);
  }
  if (number(version, 'version') > formatVersion)
    throw new ImportError(
      `A newer thimble made this file (version ${version}; this one reads ${formatVersion}): update`,
    );
  return object<Contents, object>({ conversations: list(conversation), personas: list(persona) }, {})(file, '');
}

/** Messages belong to their conversation, and every way back leads to a beginning. */
function checkTree({ id, messages, documents, leafId }: ExportedConversation, where: string): void {
  const parents = new Map(messages.map((each) => [each.id, each.parentId]));
  const wrong = (at: string, what: string): never => {
    throw new ImportError(`${where}.${at} ${what}; nothing was imported`);
  };
  if (parents.size < messages.length) wrong('messages', 'have one id twice');
  for (const [i, each] of [...messages, ...documents].entries())
    if (each.conversationId !== id)
      wrong(i < messages.length ? `messages[${i}]` : 'documents', 'is of another conversation');
  const isRooted = new Set<string | undefined>([undefined]);
  for (const [i, each] of messages.entries()) {
    const way: string[] = [];
    for (let at: string | undefined = each.id; !isRooted.has(at); at = parents.get(at!)) {
      if (!parents.has(at!)) wrong(`messages[${i}]`, `follows a message that is not there: ${at}`);
      if (way.length > parents.size) wrong(`messages[${i}]`, 'follows itself');
      way.push(at!);
    }
    for (const at of way) isRooted.add(at);
  }
  if (leafId !== undefined && !parents.has(leafId)) wrong('leafId', `is a message that is not there: ${leafId}`);
}

/** Adds what is not there. Of what is there, the later one stays. */
async function merge(rows: Rows, { conversations, personas }: Contents): Promise<Imported> {
  let [nConversations, nHere, nMessages, nPersonas, nKept] = [0, 0, 0, 0, 0];
  for (const { messages, documents, ...imported } of conversations) {
    const before = await rows.get('conversations', imported.id);
    if (before) nHere++;
    else nConversations++;
    if (!before || before.updatedAt < imported.updatedAt)
      await rows.put('conversations', imported satisfies Conversation);
    for (const each of messages) {
      const isNew = !(await isThere(rows, 'messages', each));
      if (isNew) await rows.put('messages', ended(each));
      if (isNew) nMessages++;
      else nKept++;
    }
    for (const each of documents) if (!(await isThere(rows, 'documents', each))) await rows.put('documents', each);
  }
  for (const each of personas) {
    const before = await rows.get('personas', each.id);
    if (before && before.updatedAt >= each.updatedAt) nKept++;
    else {
      await rows.put('personas', each);
      nPersonas++;
    }
  }
  return { nConversations, nHere, nMessages, nPersonas, nKept };
}

/** An id that another conversation has must not take anything away from that. */
async function isThere(rows: Rows, table: 'messages' | 'documents', { id, conversationId }: Message | StoredDocument) {
  const before = await rows.get(table, id);
  if (before && before.conversationId !== conversationId)
    throw new ImportError(`The id ${id} belongs to another conversation on this device; nothing was imported`);
  return before !== undefined;
}

/** Nobody goes on writing an answer that came out of a file. */
const ended = (each: Message): Message =>
  each.state === 'growing' || each.state === 'interrupted' ? { ...each, state: 'stopped' } : each;
