/**
 * Compiles assembly/ twice, into dist/thimble.simd.wasm and dist/thimble.relaxed.wasm, and says how large they are.
 *
 *   node scripts/build_kernels.mjs
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { main } from 'assemblyscript/asc';

const root = fileURLToPath(new URL('..', import.meta.url));

for (const target of ['simd', 'relaxed']) {
  const { error, stderr } = await main(['--config', 'asconfig.json', '--target', target, '--baseDir', root]);
  if (error) throw new Error(`${target}: ${error.message}\n${stderr.toString()}`);
  const bytes = readFileSync(`${root}/dist/thimble.${target}.wasm`);
  const zipped = gzipSync(bytes, { level: 9 }).length;
  console.log(`dist/thimble.${target}.wasm  ${bytes.length} bytes, ${zipped} gzip`);
  if (hasData(bytes)) throw new Error(`${target}: has a data section; instances share one memory, so it must not`);
}

/** Whether a module has a data section (id 11). Each section is an id, a length (LEB128) and its content. */
function hasData(bytes) {
  for (let at = 8; at < bytes.length;) {
    const id = bytes[at++];
    let length = 0;
    for (let shift = 0, byte = 128; byte & 128; shift += 7) {
      byte = bytes[at++];
      length |= (byte & 127) << shift;
    }
    if (id === 11) return true;
    at += length;
  }
  return false;
}
