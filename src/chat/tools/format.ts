/** How a call is spelled: what a row of the table of formats says. */

/** An object with a name and arguments: `{"name": "weather", "arguments": {"city": "Paris"}}`. */
export interface ObjectShape {
  readonly kind: 'object';
  /** As the model was trained to spell the keys; when it is read, others do as well. */
  readonly keys: { readonly id?: string; readonly name: string; readonly arguments: string };
}

/** An object with the name as its one key: `{"weather": {"city": "Paris"}}`. */
export interface KeyedShape {
  readonly kind: 'keyed';
}

/** A name between marks, and arguments behind it. */
export interface TaggedShape {
  readonly kind: 'tagged';
  /** Before the name. */
  readonly before?: string;
  /** Behind it. Absent: the arguments, or the end of the call, end the name. */
  readonly after?: string;
  /** Where more than the name stands between `before` and `after`. */
  readonly head?: Head;
  /** JSON, or parameters with marks of their own. */
  readonly arguments: 'json' | Parameters;
  /** Behind the arguments. */
  readonly close?: string;
}

/** A name with more around it. */
export interface Head {
  /** What was read; undefined where it is no call. */
  read(head: string): { readonly name: string; readonly id?: string } | undefined;
  /** The ways in which it may be written, each in pieces: texts as they are, or `id`, nine letters and digits,
   * `word`, some of them, or `number`, some digits. */
  write(name: string): readonly (readonly (string | { readonly any: 'id' | 'word' | 'number' })[])[];
}

/** Each parameter by itself: `<parameter=city>Paris</parameter>`. Texts stand as they are, all else as JSON. */
export interface Parameters {
  readonly begin: string;
  /** Between key and value. */
  readonly middle: string;
  /** Behind that, where white space may stand between the two. */
  readonly open?: string;
  readonly end: string;
  /** Between key and `middle`: whether the value is a text is said there, as in ` string="true"`. */
  readonly typed?: { readonly text: string; readonly other: readonly string[]; readonly isText: RegExp };
  /** A line of its own for each value: a line break on either side of it does not belong to it. */
  readonly lines?: boolean;
  /** Texts may stand between these, which do not belong to them. */
  readonly wrapped?: readonly [begin: string, end: string];
}

/** `weather(city="Paris")` */
export interface PythonShape {
  readonly kind: 'python';
}

/** `call:weather{city:<|"|>Paris<|"|>}` */
export interface BracesShape {
  readonly kind: 'braces';
  readonly before: string;
  readonly quote: string;
}

/** A name, and arguments as a tree of tags behind marks (`tree.ts`). */
export interface TreeShape {
  readonly kind: 'tree';
  /** Behind the name. */
  readonly after: string;
  readonly mark: string;
}

/** Calls between marks. */
export type MarkedShape = ObjectShape | KeyedShape | TaggedShape | PythonShape | BracesShape | TreeShape;

/** A message whose header says whom it is for (`harmony/messages.ts`). */
export interface MessageShape {
  readonly kind: 'message';
}

export type CallShape = MarkedShape | MessageShape;

/** One row of the table. White space at the ends of marks is what templates write; where it is read, it may be missing. */
export interface ToolFormat {
  readonly name: string;
  /** All of these stand in the template. */
  readonly says: readonly string[];
  /** None of these does. */
  readonly lacks?: readonly string[];
  /** Around all calls of an answer. */
  readonly section?: { readonly begin: string; readonly end: string };
  /** Around each call. */
  readonly begin?: string | readonly string[];
  readonly end?: string;
  /** Between two calls. */
  readonly between?: string;
  /** Calls are a list: `[`, `,` and `]` stand around and between them. */
  readonly isList?: boolean;
  readonly shape: CallShape;
  /** How the JSON of arguments is spaced: as in `{"a": 1}`, or as a model likes. Default `one`. */
  readonly space?: 'one' | 'free';
  /** The prompt, or nothing, stands in place of `begin` where the answer begins. `text`: the name by which a text is told from a call. */
  readonly opened?: { readonly text?: string };
  /** What the model writes for an id is an id, unlike any other in the conversation. */
  readonly hasIds?: boolean;
  /** White space in marks may be missing when they are written, too: some of the format's models do without. */
  readonly isLoose?: boolean;
  /** The model was trained to make one call at a time. */
  readonly isSingle?: boolean;
  /** Texts that are tokens of most vocabularies; the engine looks which of them are. */
  readonly tokens: readonly string[];
}

/** A way to spell calls, and which of its texts are tokens. Plain data but for the name: it crosses between threads. */
export interface ToolWay {
  readonly format: string;
  readonly tokens: readonly string[];
}
