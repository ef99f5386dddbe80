/** The browser's own interfaces, where the caller wishes them. */
import type { Availability } from './source.ts';

/** What all of the classes have. */
interface Creator {
  create(options: never): Promise<unknown>;
  availability(options: never): Promise<Availability>;
}

const nativeOf = (name: string): Creator | undefined =>
  (globalThis as Readonly<Record<string, unknown>>)[name] as Creator | undefined;

/** With `browser`, the browser's own class is asked first, as it is at this moment: where it cannot do what `create` wants, thimble does it. */
export function preferring<Classes extends Readonly<Record<string, Creator>>>(
  prefer: 'browser' | 'thimble',
  classes: Classes,
): Classes {
  if (prefer === 'thimble') return classes;
  return Object.fromEntries(
    Object.entries(classes).map(([name, own]) => {
      const native = nativeOf(name);
      return [name, typeof native?.create === 'function' ? either(native, own) : own];
    }),
  ) as Classes;
}

function either(native: Creator, own: Creator): Creator {
  const can = async (options: never): Promise<Availability> => {
    try {
      return await native.availability(withoutCallbacks(options));
    } catch {
      return 'unavailable'; // options that it does not know
    }
  };
  return new Proxy(own, {
    get(target, name, receiver) {
      if (name === 'create')
        return async (options: never) =>
          (await can(options)) === 'unavailable' ? target.create(options) : native.create(options);
      if (name === 'availability')
        return async (options: never) => {
          const availability = await can(options);
          return availability === 'unavailable' ? target.availability(options) : availability;
        };
      return Reflect.get(target, name, receiver) as unknown;
    },
  });
}

/** `availability` takes the options of `create`, without whom to tell and what to begin with. */
function withoutCallbacks(options: unknown): never {
  const {
    signal: _,
    monitor: __,
    initialPrompts: ___,
    sharedContext: ____,
    ...rest
  } = (options ?? {}) as Readonly<Record<string, unknown>>;
  return rest as never;
}
