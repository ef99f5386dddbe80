/** What a part of an address says; undefined where it is damaged, as anyone can write `%` into an address. */
export function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
