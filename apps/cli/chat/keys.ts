/** Keys and pastes of a terminal in raw mode. */
import { EventEmitter } from 'node:events';
import { emitKeypressEvents, type Key } from 'node:readline';
import { StringDecoder } from 'node:string_decoder';

export type Press = Key & { readonly text: string };

export interface KeyListener {
  /** Printable text, all that came at once. */
  text(typed: string): void;
  key(press: Press): void;
  /** All that was pasted at once, whatever is in it. */
  paste(text: string): void;
  /** All that came at once has been handed over. */
  done(): void;
}

/** Bytes that stop and suspend a program, where the terminal leaves that to it. */
export const ctrlC = 3;
export const ctrlZ = 26;

const pasteBegin = '\x1b[200~';
const pasteEnd = '\x1b[201~';
/** The beginning of a mark that stays alone so long is a key. */
const markMs = 50;

/** Returns what takes the terminal's bytes. Node tells keys apart; pastes, which may be megabytes, go past it. */
export function startKeys(listener: KeyListener): (bytes: Uint8Array) => void {
  const tap = new EventEmitter();
  emitKeypressEvents(tap as unknown as NodeJS.ReadableStream);
  let typed = '';
  const flush = (): void => {
    if (typed !== '') listener.text(typed);
    typed = '';
  };
  tap.on('keypress', (text: string | undefined, key: Key) => {
    if (text !== undefined && !key.ctrl && !key.meta && !/^[\0-\x1f\x7f]/.test(text)) return void (typed += text);
    flush();
    listener.key({ ...key, text: text ?? '' });
  });
  const decoder = new StringDecoder('utf8');
  let pasted: string[] | undefined;
  let rest = '';
  let timer: NodeJS.Timeout | undefined;
  const type = (text: string): void => {
    if (text === '') return;
    if (pasted) pasted.push(text);
    else tap.emit('data', Buffer.from(text));
    flush();
  };
  const turn = (): void => {
    const whole = pasted;
    pasted = whole ? undefined : [];
    if (whole) listener.paste(whole.join('').replace(/\r\n?/g, '\n'));
  };
  return (bytes) => {
    clearTimeout(timer);
    rest += decoder.write(Buffer.from(bytes));
    for (;;) {
      const mark = pasted ? pasteEnd : pasteBegin;
      const at = rest.indexOf(mark);
      if (at < 0) break;
      type(rest.slice(0, at));
      rest = rest.slice(at + mark.length);
      turn();
    }
    const nHeld = heldBack(rest, pasted ? pasteEnd : pasteBegin);
    type(rest.slice(0, rest.length - nHeld));
    rest = rest.slice(rest.length - nHeld);
    if (nHeld > 0)
      timer = setTimeout(() => {
        type(rest);
        rest = '';
        listener.done();
      }, markMs);
    listener.done();
  };
}

function heldBack(text: string, mark: string): number {
  for (let n = Math.min(text.length, mark.length - 1); n > 0; n--) if (mark.startsWith(text.slice(-n))) return n;
  return 0;
}
