import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { importPeer, peerVersion } from '../peers/install.ts';

/** Files of clang's virtual file system. */
interface Tree {
  readonly [name: string]: Tree | string | Uint8Array;
}
interface Clang {
  runClang(
    args: readonly string[] | undefined,
    files: Tree | undefined,
    options: { stderr?(bytes: Uint8Array | null): void; fetchProgress?(): void },
  ): Promise<Tree>;
}

/** node-llama-cpp carries llama.cpp's sources; clang comes as WASM. So neither depends on what the machine has. */
export const ggmlPackages = ['node-llama-cpp', '@yowasp/clang'] as const;

/** The flags of llama.cpp's own release build, and SIMD. */
const flags = ['-O3', '-DNDEBUG', '-msimd128'];

const ggml = ['ggml/include', 'ggml/src'];
const includes = ['ggml/include', 'ggml/src', 'ggml/src/ggml-cpu'].map((folder) => `-I${folder}`);
const link = ['-nostartfiles', '-Wl,--no-entry', '-Wl,--export=__heap_base'];
const out = 'ggml.wasm';

export interface GgmlBuild {
  readonly file: string;
  /** Sources, compiler and flags, for the results. */
  readonly version: string;
}

/** ggml's WASM SIMD kernels as one module with mul_mat.c around them: compiled again when one of its sources is newer. */
export async function buildGgml(dir: string): Promise<GgmlBuild> {
  const bundle = join(dir, 'node_modules/node-llama-cpp/llama/gitRelease.bundle');
  const beside = (path: string): string => fileURLToPath(new URL(path, import.meta.url)); // of bench/dist
  const driver = beside('../ggml/mul_mat.c');
  const file = beside(`./${out}`);
  const inputs = [bundle, driver, beside('./build.ts'), beside('../peers/install.ts')];
  if (!existsSync(file) || inputs.some((input) => statSync(input).mtimeMs > statSync(file).mtimeMs)) {
    process.stderr.write(`compiling ${file} …\n`);
    const { runClang } = await importPeer<Clang>(dir, '@yowasp/clang/gen/bundle.js');
    const sources = ['mul_mat.c', 'ggml/src/ggml-cpu/arch/wasm/quants.c'];
    const files = { ...readBundle(bundle), 'mul_mat.c': readFileSync(driver, 'utf8') };
    await runClang(undefined, undefined, { fetchProgress() {} }); // loads the compiler, otherwise with a progress report
    const stderr = (bytes: Uint8Array | null): void => void (bytes && process.stderr.write(bytes));
    const built = await runClang(['clang', ...flags, ...includes, ...link, ...sources, '-o', out], files, { stderr });
    writeFileSync(file, built[out] as Uint8Array);
  }
  return { file, version: versionOf(dir) };
}

function versionOf(dir: string): string {
  const info = JSON.parse(readFileSync(join(dir, 'node_modules/node-llama-cpp/llama/llama.cpp.info.json'), 'utf8')) as {
    tag: string;
  };
  return `ggml of llama.cpp ${info.tag}, clang ${peerVersion(dir, '@yowasp/clang')} ${flags.join(' ')}`;
}

/** The headers and C files of ggml in a git bundle. */
function readBundle(bundle: string): Tree {
  const folder = mkdtempSync(join(tmpdir(), 'thimble-ggml-'));
  try {
    git('clone', '--quiet', '--no-checkout', bundle, folder);
    git('-C', folder, 'checkout', '--quiet', 'HEAD', '--', ...ggml);
    return { ggml: readTree(join(folder, 'ggml')) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function git(...args: string[]): void {
  const { status, error } = spawnSync('git', args, { stdio: ['ignore', 2, 2] });
  if (status !== 0)
    throw new Error(`git ${args[0]} failed: ${error?.message ?? `status ${status}`}; is git installed?`);
}

function readTree(folder: string): Tree {
  const entries = readdirSync(folder, { withFileTypes: true }).filter(
    (entry) => entry.isDirectory() || /\.[ch]$/.test(entry.name),
  );
  return Object.fromEntries(
    entries.map((entry) => {
      const path = join(folder, entry.name);
      return [entry.name, entry.isDirectory() ? readTree(path) : readFileSync(path, 'utf8')];
    }),
  );
}
