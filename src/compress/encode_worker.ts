import { host } from '#platform';
import { encodeRows, prepareTypes, type Rows } from './rows.ts';

/** A thread that encodes. Its first message names the types; from then on, each brings rows and gets an answer. */
export function encode(): void {
  const port = host();
  let ready: Promise<void> | undefined;
  port.onMessage(async (message) => {
    if (ready === undefined) {
      ready = prepareTypes(message as readonly string[]);
      return;
    }
    await ready;
    const encoded = encodeRows(message as Rows);
    port.post(encoded, encoded.problem === undefined ? [encoded.bytes.buffer] : []);
  });
}
