/**
 * Speculative decoding (Leviathan et al., *Fast Inference from Transformers via Speculative Decoding*, 2023,
 * arXiv:2211.17192): guess some tokens cheaply, then read all of them in one step of the model. One step costs less than as
 * many steps, as long as the weights are the bottleneck and not the arithmetic.
 *
 * Guesses here are single tokens, not distributions, and a guess counts if and only if it is the very token that the
 * sampler draws at its place from the model's own logits. So the text does not depend on the guesses at all: the same
 * sampler sees the same logits in the same order and draws the same random numbers, and the same seed makes the same text
 * with any drafter or none. Rejection sampling as in the paper keeps the distribution too, and may accept more often
 * when the drafter has a distribution of its own, but other random numbers make another text.
 */
export interface Drafter {
  /** Guessing takes no time worth counting, so it also happens only to learn how often guesses come true. */
  readonly isFree: boolean;
  /**
   * Writes guesses of how `text` goes on to the front of `guesses`, and returns how many it dares. The text continues that of
   * the call before, unless it is shorter: then it is another text.
   */
  draft(text: Int32Array, guesses: Int32Array): number | Promise<number>;
}
