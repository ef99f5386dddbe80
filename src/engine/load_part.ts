import { asError, ResourceError } from '../base/errors.ts';

/** How often an address failed. Firefox asks for one that failed no second time; with another fragment it does. */
const nFailures = new Map<string, number>();

/**
 * One of the engine's modules that a page loads when something needs it: `key` of the file at `address`.
 * @throws ResourceError where the file is not there, or is another one.
 */
export async function loadPart(
  address: string,
  key: string,
  load: (address: string) => Promise<Readonly<Record<string, unknown>>>,
): Promise<unknown> {
  const n = nFailures.get(address) ?? 0;
  const loaded = await load(n === 0 ? address : `${address}#${n}`).catch((cause: unknown) => {
    nFailures.set(address, n + 1);
    throw new ResourceError(
      `cannot load ${address}: ${asError(cause).message}; serve the file of this build beside the library's script`,
      { cause },
    );
  });
  if (key in loaded) return loaded[key];
  throw new ResourceError(
    `${address} is no part of the engine; serve the file of this build beside the library's script`,
  );
}
