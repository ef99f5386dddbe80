/** The latest accepted tokens, in a ring. The penalties and DRY look back on them. */
export interface History {
  readonly tokens: Int32Array; // [capacity]
  /** How many tokens are held, at most the capacity. */
  n: number;
  /** Where the next token goes. */
  next: number;
}

export function createHistory(capacity: number): History {
  return { tokens: new Int32Array(capacity), n: 0, next: 0 };
}

export function remember(history: History, token: number): void {
  const capacity = history.tokens.length;
  if (capacity === 0) return;
  history.tokens[history.next] = token;
  history.next = (history.next + 1) % capacity;
  if (history.n < capacity) history.n++;
}

/** The token accepted `back` tokens before the latest one; `back` < `history.n`. */
export function recent(history: History, back: number): number {
  const at = history.next - 1 - back;
  return history.tokens[at < 0 ? at + history.tokens.length : at]!;
}

export function forget(history: History): void {
  history.n = 0;
  history.next = 0;
}
