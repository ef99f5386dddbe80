import type { SourcePlace } from '../storage/types.ts';

/** A question with passages to answer it from, each with its place, as models of every size understand it. */
export function withPassages(question: string, sources: readonly SourcePlace[]): string {
  if (sources.length === 0) return question;
  const passages = sources.map(({ name, place, text }) => `[${place === '' ? name : `${name}, ${place}`}]\n${text}`);
  return `Answer from these passages of the user's documents.\n\n${passages.join('\n\n')}\n\nQuestion: ${question}`;
}
