import type { Regular } from './regular.ts';

/** A piece of a grammar: what compilers (GBNF, JSON Schema, formats of tool calls) make, and the matcher takes. */
export type Item =
  /** A text of a regular language. Texts inside of strings and numbers are best one such piece: it becomes one automaton. */
  | {
      readonly kind: 'text';
      readonly regular: Regular;
      /** Not the same text again while this rule is read: keys of an object. It is read to its end before anything else, and is not empty. */
      readonly distinct?: boolean;
    }
  /** A token itself, whatever its text, such as the control token `<tool_call>`. */
  | { readonly kind: 'token'; readonly token: number; readonly except?: boolean } // with `except` any token but this, and no end
  | { readonly kind: 'sequence'; readonly items: readonly Item[] }
  | { readonly kind: 'choice'; readonly items: readonly Item[] }
  /** Without `max` there is no end. */
  | { readonly kind: 'repeat'; readonly item: Item; readonly min: number; readonly max?: number }
  /** The rule of this index; it may come back to where it is used. */
  | {
      readonly kind: 'rule';
      readonly rule: number;
      /** Distinct texts of this rule are distinct in that one, too: for rules that are the rest of this one. */
      readonly sameScope?: boolean;
    };

/** Context-free over regular languages. Rule 0 is the start. */
export interface Grammar {
  readonly rules: readonly Item[];
}
