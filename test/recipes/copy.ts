import { cpSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { main as asc } from 'assemblyscript/asc';

/**
 * CONTRIBUTING's recipes, followed in a copy of the tree: what each adds, and the lines that it puts into tables. Nothing else is
 * edited there.
 */
export const recipes: Readonly<Record<string, Recipe>> = {
  'A new op': {
    files: {
      'src/ops/token_shift.ts': 'token_shift.ts',
      'assembly/token_shift.ts': 'token_shift.as',
      'test/cases/token_shift.ts': 'token_shift_cases.ts',
    },
    lines: [
      ['assembly/more.ts', '\n/** Called once', "export { token_shift, token_shift_items } from './token_shift';\n"],
      ['test/cases/index.ts', '\nconst all', "import { tokenShiftCases } from './token_shift.ts';\n"],
      ['test/cases/index.ts', '  temperCases,\n', '  tokenShiftCases,\n'],
    ],
  },
  'A new quant type': {
    files: {
      'src/quants/q8_t.ts': 'q8_t.ts',
      'src/compress/encode/q8_t.ts': 'q8_t_encode.ts',
      'assembly/quants/q8_t.ts': q8tKernels,
    },
    lines: [
      [
        'src/quants/index.ts',
        '  bf16,\n',
        "  rare({ name: 'q8_t', ggmlType: 1000, blockSize: 32, blockBytes: 34, halves: [0] }),\n",
      ],
      ['src/quants/more.ts', '\nexport const decoders', "import { dequantize as q8_t } from './q8_t.ts';\n"],
      ['src/quants/more.ts', 'tq1_0, tq2_0', 'q8_t, '],
      [
        'src/compress/encode/index.ts',
        '\n/** Encodes whole blocks. With',
        "import { quantize as q8_t } from './q8_t.ts';\n",
      ],
      ['src/compress/encode/index.ts', 'q4_0, q4_1,', 'q8_t, '],
      ['assembly/more.ts', "export * from './quants/tq1_0';", "export * from './quants/q8_t';\n"],
    ],
  },
  'A new architecture': {
    files: { 'src/models/toy.ts': 'toy.ts' },
    lines: [
      ['src/models/more.ts', '\n/** Families', "import { toy } from './toy.ts';\n"],
      ['src/models/more.ts', '  gemma,\n', '  toy,\n'],
      ['test/helpers/tiny_models.ts', '  llama: base,\n', "  toy: { ...base, arch: 'toy', encoding: () => 'q8_t' },\n"],
      ['test/helpers/tiny_models.ts', '  q8_0: quantised', '  q8_t: quantised(1000, 32, 34, [[0, 0x1800]]),\n'],
      [
        'test/helpers/tiny_models.ts',
        '    tensors.push(\n',
        `    if (c.arch === 'toy' && l % 2 === 0) {
      tensors.push(
        norm(at + 'attn_norm.weight'),
        matrix(at + 'mix_in.weight', c.dim, c.dim),
        tinyTensor(at + 'mix_share.weight', [c.dim], 'f32', 0.8),
        matrix(at + 'mix_out.weight', c.dim, c.dim),
        norm(at + 'ffn_norm.weight'),
        matrix(at + 'ffn_gate.weight', c.dim, c.ffnDim),
        matrix(at + 'ffn_up.weight', c.dim, c.ffnDim),
        matrix(at + 'ffn_down.weight', c.ffnDim, c.dim),
      );
      continue;
    }\n`,
      ],
    ],
  },
};

export interface Recipe {
  /** By its place in the tree: a file of this folder, or what makes its text. */
  readonly files: Readonly<Record<string, string | (() => string)>>;
  /** Into a file, in front of the first place where this stands, comes that. */
  readonly lines: readonly (readonly [file: string, before: string, line: string])[];
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = 'test/recipes';

/** Q8_0's kernels with another zero: in a file of the kernels' own form, whatever that is today. */
function q8tKernels(): string {
  const q8_0 = readFileSync(join(root, 'assembly/quants/q8_0.ts'), 'utf8');
  const zeros = ['isSigned<T>() ? 0 : -128', 'isSigned<T>() ? -128 : 0'] as const;
  if (!q8_0.includes(zeros[0])) throw new Error('assembly/quants/q8_0.ts has no zero as q8_t knows it');
  return q8_0
    .replace(...zeros)
    .replaceAll('Q8_0', 'Q8_T')
    .replaceAll('q8_0', 'q8_t');
}

/** Copies what runs to a temporary folder, and follows the recipes there. */
export function copyTree(): string {
  const copy = mkdtempSync(join(tmpdir(), 'thimble-recipes-'));
  for (const entry of ['src', 'assembly', 'test', 'package.json', 'asconfig.json', 'dist']) {
    const runs = (path: string): boolean => !/fixtures|\.wasm$|\.map$|dist.(node|web|types)/.test(path);
    cpSync(join(root, entry), join(copy, entry), { recursive: true, filter: runs });
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  const places = new Map(
    Object.values(recipes).flatMap(({ files }) => Object.entries(files).map(([to, from]) => [from, to])),
  );
  for (const [from, to] of places) {
    const text = typeof from === 'string' ? moved(readFileSync(join(root, folder, from), 'utf8'), to, places) : from();
    mkdirSync(dirname(join(copy, to)), { recursive: true });
    writeFileSync(join(copy, to), text);
  }
  for (const [file, before, line] of Object.values(recipes).flatMap(({ lines }) => lines)) {
    const text = readFileSync(join(copy, file), 'utf8');
    const at = text.indexOf(before);
    if (at < 0) throw new Error(`${file} has no ${JSON.stringify(before)} to put a line in front of`);
    writeFileSync(join(copy, file), text.slice(0, at) + line + text.slice(at));
  }
  return copy;
}

/** A file of this folder with its imports as they are at its place in the tree. */
function moved(text: string, to: string, places: ReadonlyMap<string | (() => string), string>): string {
  return text.replace(/from '(\.[^']+\.ts)'/g, (_, specifier: string) => {
    const target = posix.normalize(posix.join(folder, specifier));
    const place = places.get(posix.relative(folder, target)) ?? target;
    const path = posix.relative(posix.dirname(to), place);
    return `from '${path.startsWith('.') ? path : `./${path}`}'`;
  });
}

/** What a model of the toy family runs, so that compiling takes seconds. */
const UNUSED = /quants\/(?!q8_t|f32|f16|bf16)|attention_(f16|q8_0),|(kv_store|cache_bytes)_(f16|q8_0),|_256(_fast)?,/;

/** Compiles the copy's kernels into its dist/, for the simd build, without what nobody there runs and without much optimising. */
export async function compileKernels(copy: string): Promise<void> {
  for (const [entry, outFile] of [
    ['assembly/index.ts', 'dist/thimble.simd.wasm'],
    ['assembly/more.ts', 'dist/thimble.simd.more.wasm'],
  ] as const) {
    const lines = readFileSync(join(copy, entry), 'utf8').split('\n');
    writeFileSync(join(copy, entry), lines.filter((line) => !UNUSED.test(line)).join('\n'));
    const flags = ['--config', 'asconfig.json', '--target', 'simd', '--optimizeLevel', '1', '--baseDir', copy];
    const { error, stderr } = await asc([entry, '--outFile', outFile, ...flags]);
    if (error) throw new Error(`${error.message}\n${stderr.toString()}`);
  }
}
