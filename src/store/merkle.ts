/** The root of the Merkle tree over a list of hashes (RFC 6962, 2.1): entries are the 32 bytes of each hash. */
import { Sha256 } from './sha256.ts';

/** A leaf and a node can never be taken for each other, because they begin with other bytes. */
const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

export function merkleRoot(entries: readonly Uint8Array[]): Uint8Array {
  if (entries.length === 0) return new Sha256().digest();
  if (entries.length === 1) return new Sha256().update(LEAF).update(entries[0]!).digest();
  let nLeft = 1;
  while (2 * nLeft < entries.length) nLeft *= 2;
  const [left, right] = [merkleRoot(entries.slice(0, nLeft)), merkleRoot(entries.slice(nLeft))];
  return new Sha256().update(NODE).update(left).update(right).digest();
}
