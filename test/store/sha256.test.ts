import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { merkleRoot } from '../../src/store/merkle.ts';
import { hexOf, Sha256 } from '../../src/store/sha256.ts';
import { fakeModel } from './server.ts';

const bytes = fakeModel(3_000_001);
const nodes = (part: Uint8Array) => createHash('sha256').update(part).digest('hex');

describe('Sha256', () => {
  it.each([0, 1, 55, 56, 57, 63, 64, 65, 119, 120, 127, 128, 129, 1000, 262_143, 262_144, 262_145, 3_000_001])(
    "is node:crypto's, of %i bytes in pieces of any size",
    (nBytes) => {
      const part = bytes.subarray(0, nBytes);
      for (const step of nBytes > 10_000 ? [nBytes, 65_537, 300_000] : [nBytes || 1, 1, 7, 64, 100]) {
        const hash = new Sha256();
        for (let at = 0; at < nBytes; at += step) hash.update(part.subarray(at, at + step));
        expect(hash.hex(), `pieces of ${step}`).toBe(nodes(part));
        expect(hash.hex()).toBe(nodes(part));
      }
    },
  );

  it('goes on after a digest, and apart from its copies', () => {
    const hash = new Sha256().update(bytes.subarray(0, 1000));
    const copy = hash.copy();
    hash.hex();
    hash.update(bytes.subarray(1000, 2000));
    copy.update(bytes.subarray(5, 77));
    expect(hash.hex()).toBe(nodes(bytes.subarray(0, 2000)));
    expect(copy.hex()).toBe(nodes(Buffer.concat([bytes.subarray(0, 1000), bytes.subarray(5, 77)])));
  });

  it('counts beyond 2 ** 32 bits', () => {
    const hash = new Sha256();
    const wanted = createHash('sha256');
    const piece = bytes.subarray(0, 2 ** 20);
    for (let n = 0; n < 513; n++) {
      hash.update(piece);
      wanted.update(piece);
    }
    expect(hash.hex()).toBe(wanted.digest('hex'));
  });
});

it('makes Merkle roots as RFC 6962 does', () => {
  // the tree of the project Certificate Transparency, crypto/merkletree tests: leaves "", 00, 10, 2021, 3031, 40414243, …
  const leaves = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
  const roots = [
    '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
    'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
    'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
    '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
    'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
    '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
  ];
  const entries = leaves.map((hex) => new Uint8Array(Buffer.from(hex, 'hex')));
  roots.forEach((root, i) => expect(hexOf(merkleRoot(entries.slice(0, i + 1)))).toBe(root));
});
