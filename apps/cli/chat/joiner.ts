/**
 * Lines to messages. A backslash at the end of a line joins the next one to it, and everything between two lines of """ is
 * one message.
 */
export interface Joiner {
  /** Takes a line; returns the message that it ends, if it does. */
  push(line: string): string | undefined;
  /** Whether a message has begun and not ended. */
  isOpen(): boolean;
  /** Ends a message that has begun. */
  end(): string | undefined;
}

const quotes = '"""';

export function startJoiner(): Joiner {
  let lines: string[] = [];
  let isQuoted = false;
  const end = (): string | undefined => {
    const message = lines.length > 0 ? lines.join('\n') : undefined;
    lines = [];
    isQuoted = false;
    return message;
  };
  const pushQuoted = (line: string): string | undefined => {
    const at = line.indexOf(quotes);
    if (at !== 0) lines.push(at < 0 ? line : line.slice(0, at));
    return at < 0 ? undefined : (end() ?? '');
  };
  return {
    push(line) {
      if (isQuoted) return pushQuoted(line);
      if (lines.length === 0 && line.startsWith(quotes)) {
        isQuoted = true;
        const rest = line.slice(quotes.length);
        return rest === '' ? undefined : pushQuoted(rest);
      }
      const goesOn = line.endsWith('\\');
      lines.push(goesOn ? line.slice(0, -1) : line);
      return goesOn ? undefined : end();
    },
    isOpen: () => isQuoted || lines.length > 0,
    end,
  };
}
