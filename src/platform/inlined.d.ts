/** What scripts/web_bundles.mjs puts in this module's place. */
declare module 'thimble:inlined' {
  /** Name of a file → its content, compressed by gzip, as base64. */
  export const texts: Readonly<Record<string, string>>;
}
