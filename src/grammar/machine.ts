/** A deterministic automaton for a language that no short expression says, such as the multiples of 7. States are whole numbers. */
export interface Machine {
  /** Machines of the same key are the same. */
  readonly key: string;
  /** The state behind a byte; -1 where there is none. */
  step(state: number, byte: number): number;
  accepts(state: number): boolean;
}
