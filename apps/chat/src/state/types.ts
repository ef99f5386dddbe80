/** What the app knows beside what storage keeps. */
import type { SamplerOptions } from 'thimble';

/** Something went wrong, in words for the reader. */
export interface Trouble {
  readonly title: string;
  readonly text: string;
  readonly remedy: Remedy;
}

/** What the button beside a trouble does. */
export type Remedy = 'retry' | 'models' | 'context' | 'processor' | 'new-chat' | 'reload' | 'storage' | 'none';

/** Sampler settings under a name. */
export interface Preset {
  readonly id: string;
  readonly name: string;
  readonly about: string;
  readonly sampler: SamplerOptions;
}

/** A prompt to begin with. */
export interface Starter {
  readonly label: string;
  readonly text: string;
}
