/** A certificate for this computer's addresses. Phones trust it once it is installed there; it is kept, so that once is enough. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir, hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';

const folder = join(homedir(), '.cache/thimble/app');
const file = join(folder, 'certificate.pem');
const keyFile = join(folder, 'key.pem');
const namesFile = join(folder, 'names.json');

/** Where a phone gets it. */
export const certificatePath = '/thimble.pem';

/** Addresses in the network that this computer is in. */
export const ownAddresses = () =>
  Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .map(({ address }) => address);

/** @type {Promise<{ key: string, cert: string }> | undefined} */
let made;

export const certificate = () => ({ file, made: (made ??= kept()) });

async function kept() {
  const names = JSON.stringify(['localhost', hostname(), '127.0.0.1', ...ownAddresses()]);
  const isThere = [file, keyFile, namesFile].every((each) => existsSync(each));
  if (!isThere || readFileSync(namesFile, 'utf8') !== names) await make(names);
  return { key: readFileSync(keyFile, 'utf8'), cert: readFileSync(file, 'utf8') };
}

/** @param {string} names */
async function make(names) {
  const altNames = /** @type {string[]} */ (JSON.parse(names)).map((name) =>
    /^[\d.]+$/.test(name)
      ? { type: /** @type {const} */ (7), ip: name }
      : { type: /** @type {const} */ (2), value: name },
  );
  const now = new Date();
  const { private: key, cert } = await generate([{ name: 'commonName', value: `thimble on ${hostname()}` }], {
    keySize: 2048,
    algorithm: 'sha256',
    notBeforeDate: now,
    notAfterDate: new Date(now.getTime() + 397 * 86_400_000), // browsers take no longer ones
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, digitalSignature: true, keyEncipherment: true },
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', altNames },
    ],
  });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(file, cert);
  writeFileSync(keyFile, key, { mode: 0o600 });
  writeFileSync(namesFile, names);
}
