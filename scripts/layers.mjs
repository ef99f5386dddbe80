/**
 * Who may import whom. A file may import its own row's folder and the rows it lists; type imports count too, because a
 * type is knowledge as well.
 *
 *   node scripts/layers.mjs
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Layer → what belongs to it (files or folders), and the layers it may import. Rows are in the data's order.
 * @type {Readonly<Record<string, { readonly has: readonly string[], readonly may: readonly string[] }>>}
 */
export const layers = {
  base: { has: ['src/base', 'src/bytes/source.ts'], may: [] },
  bytes: { has: ['src/bytes'], may: ['base'] },
  quants: { has: ['src/quants'], may: ['base'] },
  tokenizers: { has: ['src/tokenizers'], may: ['base'] },
  grammar: { has: ['src/grammar'], may: ['base'] },
  chat: { has: ['src/chat'], may: ['base', 'grammar'] },
  sampling: { has: ['src/sampling'], may: ['base'] },
  tensor: { has: ['src/graph/tensor.ts'], may: ['base', 'quants'] },
  gguf: { has: ['src/gguf'], may: ['base', 'quants', 'tensor'] },
  graph: { has: ['src/graph'], may: ['base', 'tensor', 'quants'] },
  ops: { has: ['src/ops'], may: ['base', 'tensor', 'graph', 'quants'] },
  models: { has: ['src/models'], may: ['graph', 'gguf', 'ops', 'tensor', 'quants', 'base'] },
  platform: { has: ['src/platform'], may: ['base', 'bytes', 'gguf'] },
  store: { has: ['src/store'], may: ['base', 'bytes', 'gguf', 'platform'] },
  backends: { has: ['src/backends'], may: ['graph', 'ops', 'tensor', 'quants', 'platform', 'base'] },
  protocol: { has: ['src/protocol'], may: ['base', 'chat', 'sampling', 'graph', 'platform'] },
  engine: {
    has: ['src/engine'], // what the engine's thread holds
    may: ['base', 'bytes', 'quants', 'tokenizers', 'grammar', 'chat', 'sampling', 'tensor', 'gguf'].concat([
      ...['ops', 'graph', 'models', 'platform', 'store', 'backends', 'protocol'],
    ]),
  },
  server: { has: ['src/server'], may: ['base', 'chat', 'sampling', 'protocol'] }, // from a Request to a Response, over any models
  api: { has: ['src/api'], may: ['base', 'chat', 'gguf', 'tokenizers', 'platform', 'protocol', 'store', 'server'] }, // what the caller's thread holds
  tasks: { has: ['src/tasks'], may: ['base', 'chat', 'sampling', 'protocol', 'api'] }, // what people ask models to do to texts
  faces: { has: ['src/faces'], may: ['base', 'chat', 'sampling', 'protocol', 'api', 'tasks'] }, // interfaces of others
  isolate: { has: ['src/isolate'], may: [] }, // what a service worker holds, and nothing of the engine
  compress: { has: ['src/compress'], may: ['base', 'bytes', 'quants', 'tensor', 'gguf', 'platform'] },
  threads: { has: ['src/threads'], may: ['engine', 'protocol', 'platform', 'backends', 'compress', 'store'] },
  public: {
    has: [
      'src/index.ts',
      'src/gguf.ts',
      'src/gguf_web.ts',
      'src/isolate.ts',
      'src/server.ts',
      'src/tasks.ts',
      'src/ai.ts',
      'src/built_in_ai.ts',
    ],
    may: ['api', 'engine', 'isolate', 'protocol', 'compress', 'gguf', 'bytes', 'quants', 'base', 'server'].concat([
      ...['chat', 'sampling', 'platform', 'store', 'tasks', 'faces'],
    ]),
  },
  apps: { has: ['apps', 'examples'], may: ['public'] },
  measure: { has: ['bench/measure', 'bench/dist', 'bench/results', 'dist'], may: [] }, // not read here: benches look into everything
  bench_page: { has: ['apps/bench'], may: ['public', 'measure'] },
};

/**
 * The layer whose longest entry holds the file.
 * @param {string} file
 */
export function layerOf(file) {
  /** @type {{ name: string | undefined, length: number }} */
  let best = { name: undefined, length: 0 };
  for (const [name, { has }] of Object.entries(layers)) {
    for (const entry of has) {
      const holds = file === entry || file.startsWith(`${entry}/`);
      if (holds && entry.length > best.length) best = { name, length: entry.length };
    }
  }
  return best.name;
}

/**
 * `file imports other` for every import that the table does not allow.
 * @param {readonly string[]} files
 * @param {(file: string) => string} read
 */
export function violations(files, read) {
  const bad = [];
  for (const file of files) {
    const from = layerOf(file);
    if (from === undefined) {
      bad.push(`${file} belongs to no layer`);
      continue;
    }
    for (const to of importsOf(file, read(file))) {
      const other = layerOf(to);
      if (!other || other === from || layers[from]?.may.includes(other)) continue;
      bad.push(`${file} (${from}) imports ${to} (${other})`);
    }
  }
  return bad;
}

/**
 * The files that a file imports, out of its text.
 * @param {string} file
 * @param {string} text
 */
export function importsOf(file, text) {
  const specifiers = text.matchAll(/(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g);
  return [...specifiers].map(([, specifier = '']) => target(file, specifier)).filter((to) => to !== undefined);
}

/**
 * @param {string} file
 * @param {string} specifier
 */
function target(file, specifier) {
  if (/^#(platform|store)$/.test(specifier)) return `src/${specifier.slice(1)}/node.ts`;
  if (!specifier.startsWith('.')) return undefined;
  return normalize(join(dirname(file), specifier))
    .split(sep)
    .join('/');
}

export function sourceFiles() {
  return ['src', 'apps', 'examples'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.(m?tsx?|mjs)$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name).slice(root.length).split(sep).join('/'))
      .filter((file) => !file.startsWith('apps/dist/')),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const files = sourceFiles();
  const bad = violations(files, (file) => readFileSync(join(root, file), 'utf8'));
  for (const line of bad) console.error(line);
  console.log(`layers: ${files.length} files, ${bad.length} imports against the table`);
  process.exit(bad.length > 0 ? 1 : 0);
}
