/// <reference types="vite/client" />

/** What scripts/app/config.mjs puts in. */
declare const EMBEDDED_MODEL: {
  /** Of the embedded model, as in the file names. */
  readonly name: string;
  /** All shards, relative to the page. */
  readonly urls: readonly string[];
  readonly sizeBytes: number;
};
/** The package's version and a hash of what was built. */
declare const APP_VERSION: string;
