import { spawnSync } from 'node:child_process';
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * Packages that only benches need, at the versions measured: the engines that thimble is put beside, a driver for browsers,
 * and a compiler for C.
 */
const packages = {
  'node-llama-cpp': '3.22.1',
  '@node-llama-cpp/linux-x64': '3.22.1',
  '@wllama/wllama': '3.8.1',
  '@wllama/wllama-compat': '3.8.1',
  'playwright-core': '1.65.1',
  'onnxruntime-web': '1.30.0',
  '@yowasp/clang': '22.0.0-git20542-10',
} as const;

export type PeerPackage = keyof typeof packages;

/** What the engines take. */
export const enginePackages: readonly PeerPackage[] = [
  ...(['node-llama-cpp', '@node-llama-cpp/linux-x64'] as const),
  ...(['@wllama/wllama', '@wllama/wllama-compat', 'playwright-core'] as const),
];

/** The folder where they are, unless another one is given. */
export const defaultPeersDir = (): string =>
  process.env['THIMBLE_PEERS'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'thimble', 'peers');

/** Installs what is missing into `dir`. No install scripts run: nothing is compiled or fetched besides the packages. */
export function installPeers(dir: string, names: readonly PeerPackage[]): void {
  const missing = names.filter((name) => !existsSync(join(dir, 'node_modules', name)));
  if (missing.length === 0) return;
  mkdirSync(dir, { recursive: true });
  if (!existsSync(join(dir, 'package.json'))) writeFileSync(join(dir, 'package.json'), '{ "private": true }\n');
  const wanted = missing.map((name) => `${name}@${packages[name]}`);
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const { status } = spawnSync(npm, ['install', '--ignore-scripts', '--no-audit', '--no-fund', ...wanted], {
    cwd: dir,
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) throw new Error(`npm could not install ${missing.join(', ')} in ${dir}`);
}

/** The version that is really there. */
export function peerVersion(dir: string, name: string): string {
  const { version } = JSON.parse(readFileSync(join(dir, 'node_modules', name, 'package.json'), 'utf8')) as {
    version: string;
  };
  return version;
}

/** Loads a module of a peer. The caller knows its shape. */
export const importPeer = async <T>(dir: string, file: string): Promise<T> =>
  (await import(pathToFileURL(join(dir, 'node_modules', file)).href)) as T;

/**
 * A copy (of links, so it takes no space) in which llama.cpp finds only one variant of its CPU code, such as `haswell`, its
 * build for AVX2. Left alone, llama.cpp picks the widest variant that the machine has.
 */
export function restrictedPeers(dir: string, variant: string): string {
  const copy = join(dir, `only-${variant}`);
  const isOther = (name: string): boolean => /^libggml-cpu-\w+\.so$/.test(name) && name !== `libggml-cpu-${variant}.so`;
  if (!existsSync(copy)) linkTree(join(dir, 'node_modules'), join(copy, 'node_modules'), (name) => !isOther(name));
  return copy;
}

function linkTree(from: string, to: string, keep: (name: string) => boolean): void {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    if (entry.isDirectory()) linkTree(join(from, entry.name), join(to, entry.name), keep);
    else if (entry.isFile() && keep(entry.name)) linkSync(join(from, entry.name), join(to, entry.name));
  }
}
