/**
 * The header of a Harmony message: what stands between `<|start|>` and `<|message|>`, its role, its channel, whom it is for, and the type of
 * its content. https://github.com/openai/harmony, docs/format.md
 *
 *     assistant<|channel|>analysis                                            a thought
 *     assistant<|channel|>commentary to=functions.weather <|constrain|>json   a call; ` to=…` may stand before the channel as well
 *     functions.weather to=assistant<|channel|>commentary                     what came of it
 */

/** Tokens in a header, as one character each: no text of a model has these, since they are replaced in it. */
export const signs = { channel: '\u0001', constrain: '\u0002' } as const;

export interface Header {
  readonly role: string;
  readonly channel: string | undefined;
  /** Whom it is for; undefined: the user. */
  readonly recipient: string | undefined;
}

export interface ReadHeader extends Header {
  /** Whether `<|message|>` may come here. */
  readonly isWhole: boolean;
  /** Whether it is one so far. */
  readonly mayGoOn: boolean;
  /** What is no part of a header. */
  readonly rest: string;
}

/** Longer ones are text that lacks its header. */
const MAX_CHARS = 512;

/** What a header leads up to whom all that read the conversation are. */
const everybody: ReadonlySet<string> = new Set(['assistant', 'user', 'all']);

const channelSaid = /\u0001\s*([^\s\u0001\u0002]*)/;

/** @param hasRole the role stands before `text`: it is the assistant's */
export function readHeader(text: string, hasRole: boolean): ReadHeader {
  const [found, channel] = channelSaid.exec(text) ?? [];
  const whole = found === undefined ? text : text.replace(found, ' ');
  const { role, others } = roleOf(whole, hasRole);
  const parts = others.replaceAll(signs.constrain, ` ${signs.constrain}`).replace(/\u0002\s+/, signs.constrain);
  const words = parts.split(/\s+/).filter((word) => word !== '');
  const recipients = words.filter((word) => word.startsWith('to='));
  const nTypes = words.length - recipients.length;
  const mostTypes = found !== undefined || recipients.length > 0 ? 1 : 0; // it stands behind one of them
  const name = recipients[0]?.slice('to='.length);
  const isShort = text.length <= MAX_CHARS && !whole.includes(signs.channel) && recipients.length <= 1;
  const isOpen = /[^\s\u0001\u0002]$/.test(text) && !text.endsWith(found ?? '\n'); // more of the last word may come
  const last = words.at(-1) ?? '';
  const mayBecome =
    isOpen &&
    ((recipients.length === 0 && 'to='.startsWith(last)) ||
      (hasRole && words.length === 1 && 'assistant'.startsWith(last)));
  return {
    role,
    channel,
    recipient: name === undefined || name === '' || everybody.has(name) ? undefined : name,
    isWhole: isShort && role !== '' && nTypes <= mostTypes,
    mayGoOn: isShort && nTypes <= mostTypes + (mayBecome ? 1 : 0),
    rest: others.replace(/[\u0001\u0002]/g, '').trimStart(),
  };
}

/** The assistant's may be said twice: by the prompt, and by the model. */
function roleOf(text: string, hasRole: boolean): { readonly role: string; readonly others: string } {
  const [found = '', role = ''] = (hasRole ? /^\s*(assistant)(?!\S)/ : /^\s*(assistant|\S+)/).exec(text) ?? [];
  return { role: hasRole ? 'assistant' : role, others: text.slice(found.length) };
}
