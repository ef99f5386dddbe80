import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { main as asc } from 'assemblyscript/asc';

const root = fileURLToPath(new URL('..', import.meta.url));
const out = `${root}bench/dist`;

/** Compiles bench/measure/limits.as in both builds, like the library's kernels, into bench/dist. */
export async function buildLimits() {
  const file = `${root}bench/measure/limits.as`;
  mkdirSync(out, { recursive: true });
  const source = readFileSync(file, 'utf8');
  const readFile = (/** @type {string} */ name) => (name === 'limits.ts' ? source : null);
  for (const target of ['simd', 'relaxed']) {
    const outFile = `${out}/limits.${target}.wasm`;
    if (existsSync(outFile) && statSync(outFile).mtimeMs > statSync(file).mtimeMs) continue;
    const flags = [
      '--runtime',
      'stub',
      '--importMemory',
      '--noExportMemory',
      '--sharedMemory',
      '--maximumMemory',
      '65536',
    ];
    const simd = target === 'relaxed' ? ['--enable', 'relaxed-simd'] : [];
    const args = ['limits.ts', '--outFile', outFile, '-O3', '--noAssert', '--enable', 'simd', '--enable', 'threads'];
    const { error, stderr } = await asc([...args, ...simd, ...flags, '--baseDir', root], {
      readFile,
      writeFile: undefined,
    });
    if (error) throw new Error(`${file}: ${error.message}\n${stderr.toString()}`);
  }
}
