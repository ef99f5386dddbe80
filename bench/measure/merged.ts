/** Old lines and new ones; an old one with the key of a new one goes. */
export function merged<T>(old: readonly T[], now: readonly T[], key: (one: T) => string): T[] {
  const replaced = new Set(now.map(key));
  return [...old.filter((one) => !replaced.has(key(one))), ...now];
}
