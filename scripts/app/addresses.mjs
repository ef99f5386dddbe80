/** Says where the apps are, and how a phone gets there. */
import { renderUnicodeCompact } from 'uqr';
import { certificatePath, ownAddresses } from './certificate.mjs';

/**
 * @param {{ port: number, isSecure: boolean, isOpen: boolean, page?: string }} options `isOpen`: to the network, not to this computer
 *   alone; `page`: below the address
 */
export function tellAddresses({ port, isSecure, isOpen, page = '' }) {
  const scheme = isSecure ? 'https' : 'http';
  const near = `${scheme}://localhost:${port}/${page}`;
  const [lan] = isOpen ? ownAddresses() : [];
  const far = lan === undefined ? undefined : `${scheme}://${lan}:${port}/${page}`;
  const lines = ['', `  ${near}    on this computer`, ...(far ? [`  ${far}    in this network`] : []), ''];
  lines.push(...qrCode(far ?? near), '', ...(isSecure ? secureHelp(far ?? near) : cableHelp(port, page)), '');
  console.log(lines.join('\n'));
}

const qrCode = (/** @type {string} */ address) =>
  renderUnicodeCompact(address)
    .split('\n')
    .map((line) => `  ${line}`);

/** @param {number} port @param {string} page */
const cableHelp = (port, page) => [
  '  An Android phone on a cable (USB debugging on) sees this computer as itself: threads, storage, use without a network.',
  `    adb reverse tcp:${port} tcp:${port}    then open http://localhost:${port}/${page} there`,
  '  Any phone in this network, without a cable:',
  '    npm run app -- --https',
];

/** @param {string} address */
const secureHelp = (address) => [
  '  A phone must trust the certificate once; without, browsers keep nothing for use without a network.',
  `    Open ${new URL(certificatePath, address).href} there and install it:`,
  '    Android: Settings, Security, Encryption & credentials, Install a certificate, CA certificate',
  '    iPhone: Settings, Profile downloaded; then General, About, Certificate Trust Settings',
  '  Remove it there when you are done.',
];
