/**
 * What several generators yield, as it comes; whoever was heard last is heard last again. Once one of them throws, or nobody listens, the others
 * end with what they make next.
 */
export async function* interleaved<T>(all: readonly AsyncGenerator<T>[]): AsyncGenerator<T> {
  const next = async (from: AsyncGenerator<T>) => ({ from, came: await from.next() });
  const waiting = new Map(all.map((from) => [from, next(from)]));
  try {
    while (waiting.size > 0) {
      const { from, came } = await Promise.race(waiting.values());
      waiting.delete(from);
      if (came.done) continue;
      waiting.set(from, next(from));
      yield came.value;
    }
  } finally {
    for (const [from, coming] of waiting) {
      coming.catch(() => undefined); // the first error was told
      from.return(undefined).catch(() => undefined);
    }
  }
}
