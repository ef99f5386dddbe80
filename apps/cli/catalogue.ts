/** Models that have a short name: `qwen3:0.6b`, and `qwen3` for the smallest of them. */
import catalogue from '../catalogue.json' with { type: 'json' };

export interface OfferedModel {
  readonly id: string;
  readonly name: string;
  readonly about: string;
  readonly quant: string;
  readonly sizeBytes: number;
  readonly licence: string;
  readonly hf: string;
  readonly sha256?: string | undefined;
}

/** Those that are to be downloaded, the smaller first. */
export const offered: readonly OfferedModel[] = catalogue.models.flatMap(({ hf, ...model }) =>
  hf === undefined ? [] : [{ ...model, hf }],
);

/** How people type it: a colon before the size. */
export const shortName = ({ id }: OfferedModel): string => id.replace(/-(?=[^-]*$)/, ':');

/** The model of a short name, with `:` or `-` before its size, or without one. */
export function offeredBy(given: string): OfferedModel | undefined {
  const id = given.toLowerCase().replace(':', '-');
  return offered.find((model) => model.id === id) ?? offered.find((model) => model.id.startsWith(`${id}-`));
}
