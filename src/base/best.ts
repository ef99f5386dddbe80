/**
 * The best of a row of logits, in no order: all others come behind every one of these, by logit and then by token. A device finds them, so
 * that not all of a row has to come from it. Valid until the next step.
 */
export interface Best {
  readonly n: number;
  readonly tokens: Int32Array; // [n] at least
  readonly logits: Float32Array; // [n] at least
}
