import { wgsl } from '#wgsl';

/**
 * A kernel's source is a few files of kernels/, one behind the other: those that a file says it needs (`// needs: step, sums` are
 * kernels/lib/step.wgsl and sums.wgsl), then the file. Which buffers and numbers it takes is read from its declarations.
 */
export interface KernelSource {
  readonly code: string;
  /** Binding after binding of each group; undefined: the kernel leaves it out. */
  readonly groups: readonly (readonly (Access | undefined)[])[];
  /** Numbers that a pipeline is made with. */
  readonly numbers: ReadonlySet<string>;
  /** Numbers that it reads from a buffer, in this order: the members of lib/shape's struct. Empty where it reads none. */
  readonly shape: readonly string[];
  /** How many workgroups a step takes; the kernel's own file says it. */
  readonly grid: string | undefined;
}

/** What a kernel does with a buffer. */
export type Access = 'read-only-storage' | 'storage' | 'uniform';

const accesses: Readonly<Record<string, Access>> = {
  'storage, read': 'read-only-storage',
  'storage, read_write': 'storage',
  uniform: 'uniform',
};

const made = new Map<string, KernelSource>();

/** After a text has changed: for tests that do so. */
export const forgetSources = (): void => made.clear();

/** Whether there is a file of this name. */
export const hasKernel = (name: string): boolean => name in wgsl;

/** @param files names below kernels/, the kernel's own last: `['quants/q4_0', 'mat_vec']`. */
export function kernelSource(files: readonly string[]): KernelSource {
  const key = files.join(' ');
  let source = made.get(key);
  if (!source) made.set(key, (source = sourceOf(files)));
  return source;
}

function sourceOf(files: readonly string[]): KernelSource {
  const names = new Set<string>();
  for (const file of files) addWithNeeds(file, names);
  const text = [...names].map((name) => wgsl[name]!).join('\n');
  const enables = text.match(/^(enable|requires) .*;$/gm) ?? [];
  const body = text.replace(/^(enable|requires) .*;$/gm, '');
  const groups: Access[][] = [];
  for (const [, group, binding, access] of text.matchAll(/@group\((\d+)\) @binding\((\d+)\) var<([^>]*)>/g)) {
    (groups[Number(group)] ??= [])[Number(binding)] = accesses[access!]!;
  }
  return {
    code: [...new Set(enables), body].join('\n'),
    groups: Array.from(groups, (group) => Array.from(group ?? [])),
    numbers: new Set([...text.matchAll(/^override (\w+)/gm)].map(([, name]) => name!)),
    shape: [...(/^struct Shape \{([^}]*)\}/m.exec(text)?.[1] ?? '').matchAll(/^ *(\w+): u32,/gm)].map(
      ([, name]) => name!,
    ),
    grid: /^\/\/ grid: (.*)$/m.exec(wgsl[files.at(-1)!]!)?.[1],
  };
}

function addWithNeeds(name: string, names: Set<string>): void {
  const text = wgsl[name];
  if (text === undefined) throw new TypeError(`kernels/${name}.wgsl is not there; npm run build makes dist/wgsl.js`);
  for (const need of /^\/\/ needs: (.*)$/m.exec(text)?.[1]?.split(', ') ?? []) addWithNeeds(`lib/${need}`, names);
  names.add(name);
}
