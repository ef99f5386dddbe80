/** Models that the app offers, as catalogue.json lists them; the command line knows their short names, too. */
import list from '../../../catalogue.json' with { type: 'json' };

export interface OfferedModel {
  readonly id: string;
  readonly name: string;
  readonly by: string;
  /** `general.architecture` */
  readonly family: string;
  readonly about: string;
  readonly parameters: string;
  readonly quant: string;
  readonly sizeBytes: number;
  /** Keys and values of one position, in f16: what a longer context costs. */
  readonly kvBytesPerToken: number;
  readonly licence: string;
  readonly licenceUrl: string;
  readonly languages: string;
  readonly thinks?: boolean;
  /** Comes with the app, from its own host. */
  readonly embedded?: boolean;
  /** `org/repo/file.gguf` on Hugging Face. */
  readonly hf?: string;
  readonly sha256?: string;
}

export const offered: readonly OfferedModel[] = list.models;

export const embedded: OfferedModel = offered.find((model) => model.embedded)!;

export const offeredById = (id: string): OfferedModel | undefined => offered.find((model) => model.id === id);
