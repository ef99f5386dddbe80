import type { MarkedText } from '../parts.ts';

/** What messages are made of. */
export const controls = ['start', 'end', 'message', 'channel', 'constrain', 'return', 'call'] as const;
export type Control = (typeof controls)[number];

/** Text, or one of the tokens that messages are made of. */
export type Lexeme = { readonly text: string } | { readonly control: Control };

const spelled = (control: Control): string => `<|${control}|>`;

/** Cuts text at the tokens that messages are made of, as it comes. */
export class ControlTokens {
  private waiting = '';
  /** So many characters came before it. */
  private nBefore = 0;
  /** Where tokens stand, the first one first. */
  private places: number[] = [];
  /** Those that are no tokens of the vocabulary count where they are spelled in letters. */
  private readonly letters: readonly Control[];

  /** @param tokens which of them are tokens */
  constructor(tokens: readonly string[]) {
    this.letters = controls.filter((control) => !tokens.includes(spelled(control)));
  }

  push({ text, marks = [] }: MarkedText): Lexeme[] {
    for (const at of marks) this.places.push(at);
    this.waiting += text;
    return this.advance(false);
  }

  /** What was waiting for more. */
  end(): Lexeme[] {
    return this.advance(true);
  }

  /** Characters are counted from here on: those that wait stand before. */
  restart(): void {
    const nChars = this.nBefore + this.waiting.length;
    this.places = this.places.map((at) => at - nChars);
    this.nBefore -= nChars;
  }

  private advance(isEnd: boolean): Lexeme[] {
    const found: Lexeme[] = [];
    for (;;) {
      const { at, control } = this.next(isEnd);
      if (at > 0) found.push({ text: this.take(at) });
      if (control === undefined) return found;
      this.take(spelled(control).length);
      found.push({ control });
    }
  }

  /** The first token, or the place of what may become one. */
  private next(isEnd: boolean): { at: number; control?: Control } {
    const { waiting } = this;
    while (this.places.length > 0 && this.places[0]! < this.nBefore) this.places.shift();
    let at = waiting.length;
    let control: Control | undefined;
    for (const place of this.places) {
      const here = place - this.nBefore;
      if (here >= at) break;
      const is = controls.find((each) => waiting.startsWith(spelled(each), here));
      if (is === undefined && (isEnd || !this.mayBecome(controls, here))) continue;
      [at, control] = [here, is];
    }
    for (const each of this.letters) {
      const here = waiting.indexOf(spelled(each));
      if (here >= 0 && here < at) [at, control] = [here, each];
    }
    if (control !== undefined || isEnd) return { at, ...(control && { control }) };
    for (let here = Math.max(0, at - '<|constrain|'.length); here < at; here++)
      if (this.mayBecome(this.letters, here)) at = here;
    return { at };
  }

  /** Whether more text may make a token of what stands at a place. */
  private mayBecome(which: readonly Control[], at: number): boolean {
    const rest = this.waiting.slice(at);
    return which.some((control) => spelled(control).startsWith(rest));
  }

  private take(nChars: number): string {
    const taken = this.waiting.slice(0, nChars);
    this.waiting = this.waiting.slice(nChars);
    this.nBefore += nChars;
    return taken;
  }
}
