/** Takes a call while it is read. */
export interface CallSink {
  /** It is a call from here on. False: there is no tool of this name where only known ones are calls. */
  begin(name: string, id?: string): boolean;
  /** The next piece of the arguments' JSON text. */
  say(json: string): void;
  /** What the arguments of a tool may be; undefined where it is not known. */
  schemaOf(name: string): unknown;
}
