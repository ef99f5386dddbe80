import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageReadme } from '../../scripts/package_readme.mjs';
import { tinyModel } from '../helpers/tiny_models.ts';

/** The package as npm installs it, in a folder where nothing else is. */

const root = fileURLToPath(new URL('../..', import.meta.url));
let folder: string;

function run(program: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: folder, encoding: 'utf8' });
  expect(`${stdout}${stderr}`, `${program} ${args.join(' ')}`).toBe(status === 0 ? `${stdout}${stderr}` : 'no error');
  return stdout;
}

function runScript(name: string, text: string, ...options: string[]): string {
  writeFileSync(join(folder, name), text);
  return run(process.execPath, ...options, name).trim();
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'thimble-package-'));
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  writeFileSync(join(folder, 'tiny.gguf'), tinyModel('llama'));
  const packed = spawnSync('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: root });
  expect(packed.status, packed.stderr.toString()).toBe(0);
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'))!;
  run('npm', 'install', '--offline', '--no-audit', '--no-fund', `./${tarball}`);
});
afterAll(() => rmSync(folder, { recursive: true }));

const use = `
  const model = await openModel('tiny.gguf', { nCtx: 64, threads: 1 });
  const { tokens } = await model.generate([1, 2, 3], { temperature: 0, maxTokens: 3, ignoreEos: true });
  const file = await openModelFile('tiny.gguf');
  console.log(tokens.length, file.tensors.size > 5, new FormatError('x').name);
  for (const source of file.sources) await source.close();
  await model.close();`;

describe('a program', () => {
  it('imports it', () => {
    const imports = "import { FormatError, openModel } from 'thimble'; import { openModelFile } from 'thimble/gguf';";
    expect(runScript('a.mjs', imports + use)).toBe('3 true FormatError');
  });

  it('in CommonJS imports it, too', () => {
    const imports =
      "const { FormatError, openModel } = await import('thimble'); const { openModelFile } = await import('thimble/gguf');";
    expect(runScript('b.cjs', `(async () => { ${imports} ${use} })();`)).toBe('3 true FormatError');
  });

  it.skipIf(!('require_module' in process.features))('in CommonJS requires it (Node 20.19, 22.12 and newer)', () => {
    const imports =
      "const { FormatError, openModel } = require('thimble'); const { openModelFile } = require('thimble/gguf');";
    const same = "(await import('thimble')).FormatError === FormatError || process.exit(3);";
    expect(runScript('c.cjs', `${imports} (async () => { ${same} ${use} })();`)).toBe('3 true FormatError');
  });

  it('imports what stands beside it: tasks, the AI SDK, the built-in AI of browsers', () => {
    const program = `
      import { openModel } from 'thimble';
      import { detectLanguage, summarize } from 'thimble/tasks';
      import { thimble } from 'thimble/ai';
      import { builtInAi } from 'thimble/built_in_ai';
      const chatTemplate = '{{ messages[0].content }}';
      const model = await openModel('tiny.gguf', { nCtx: 512, threads: 1, chatTemplate });
      const { LanguageDetector } = builtInAi({ open: async () => model });
      const [first] = await (await LanguageDetector.create()).detect('Dies ist ein Satz.');
      const { text } = await summarize(model, 'a b', { sampling: { temperature: 0 } });
      console.log(thimble(model).specificationVersion, typeof text, first.detectedLanguage, (await detectLanguage('Ein Satz.')).length > 0);
      await model.close();`;
    expect(runScript('d.mjs', program)).toBe('v4 string de true');
    const required =
      "const { summarize } = require('thimble/tasks'); console.log(typeof summarize, typeof require('thimble/ai').thimble)";
    if ('require_module' in process.features) expect(runScript('d.cjs', required)).toBe('function function');
  });

  it('on the command line runs without the checkout', () => {
    const program = join(folder, 'node_modules/.bin/thimble');
    expect(run(program, 'run', 'tiny.gguf', '--raw', '--prompt', 'abc', '-n', '3', '--temp', '0', '--json')).toContain(
      'tokens',
    );
    expect(run(program, 'inspect', 'tiny.gguf')).toContain('llama');
  });
});

describe('in TypeScript', () => {
  const program = `
    import { openModel, FormatError, type ChatMessage, type Generation } from 'thimble';
    import { openModelFile, type GgufFile } from 'thimble/gguf';
    import { detectLanguage, summarize, type Task, type TaskResult } from 'thimble/tasks';
    import { builtInAi, type BuiltInAi } from 'thimble/built_in_ai';
    export async function main(messages: ChatMessage[]): Promise<string> {
      await using model = await openModel('tiny.gguf', { nCtx: 64 });
      const answer: Generation = model.generate({ messages }, { maxTokens: 5 });
      for await (const piece of answer) void piece.length;
      const { text, stopReason } = await answer;
      const said: Task<TaskResult> = summarize(model, text, { length: 'short' });
      const ai: BuiltInAi = builtInAi({ open: () => openModel('tiny.gguf') });
      const language: string | undefined = (await detectLanguage((await said).text))[0]?.language;
      void (await (await ai.Summarizer.create({ outputLanguage: language })).summarize(text)).length;
      const file: GgufFile = await openModelFile('tiny.gguf');
      if (stopReason === 'eos') throw new FormatError(String(file.tensors.size));
      // @ts-expect-error: there is no such option
      await openModel('tiny.gguf', { nctx: 64 });
      return text;
    }`;
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const node = ['--types', 'node', '--typeRoots', join(root, 'node_modules/@types')];
  it.each([
    ['an ES module under node16', 'm.mts', 'node16', 'node16', node],
    ['an ES module under nodenext', 'm.mts', 'nodenext', 'nodenext', node],
    ['CommonJS under node16', 'c.cts', 'node16', 'node16', node],
    ['CommonJS under nodenext', 'c.cts', 'nodenext', 'nodenext', node],
    ['a bundled page', 'p.ts', 'esnext', 'bundler', ['--lib', 'es2022,dom,dom.iterable', '--types', '']],
    [
      'a bundled page, by the browser condition',
      'p.ts',
      'esnext',
      'bundler',
      ['--lib', 'es2022,dom', '--types', '', '--customConditions', 'browser'],
    ],
  ])('%s knows its types, without skipLibCheck', (_, name, module, resolution, more) => {
    mkdirSync(join(folder, 'ts'), { recursive: true });
    writeFileSync(join(folder, 'ts', name), program);
    const strict = ['--strict', '--noEmit', '--skipLibCheck', 'false', '--target', 'es2022'];
    run(process.execPath, tsc, ...strict, '--module', module, '--moduleResolution', resolution, ...more, `ts/${name}`);
  });

  it('the types of thimble/ai are those of the AI SDK that is installed beside it', () => {
    mkdirSync(join(folder, 'node_modules/@ai-sdk'), { recursive: true });
    symlinkSync(join(root, 'node_modules/@ai-sdk/provider'), join(folder, 'node_modules/@ai-sdk/provider'));
    const program = `
      import type { LanguageModelV4 } from '@ai-sdk/provider';
      import { openModel } from 'thimble';
      import { thimble } from 'thimble/ai';
      export const model: LanguageModelV4 = thimble(() => openModel('tiny.gguf'));
      // @ts-expect-error: that is no model
      export const other: LanguageModelV4 = thimble('tiny.gguf');`;
    writeFileSync(join(folder, 'ts/ai.mts'), program);
    const strict = ['--strict', '--noEmit', '--skipLibCheck', '--target', 'es2022', '--preserveSymlinks'];
    run(
      process.execPath,
      tsc,
      ...strict,
      '--module',
      'nodenext',
      '--moduleResolution',
      'nodenext',
      ...node,
      'ts/ai.mts',
    );
  });
});

describe('what is in it', () => {
  const files = () => readdirSync(join(folder, 'node_modules/thimble'), { recursive: true, encoding: 'utf8' });

  it('is what it needs and no more', () => {
    const surplus = files().filter((name) => /\.map$|\.part$|^(src|test|models)[\\/]|kernels\.json/.test(name));
    expect(surplus).toEqual([]);
    expect(files()).toEqual(expect.arrayContaining(['README.md', 'LICENSE', 'package.json']));
  });

  it('has no script for pages that no other asks for', () => {
    const web = join(folder, 'node_modules/thimble/dist/web');
    const scripts = readdirSync(web).filter((name) => name.endsWith('.js'));
    const texts = new Map(scripts.map((name) => [name, readFileSync(join(web, name), 'utf8')]));
    const isAsked = (name: string) =>
      /^(index|inline|gguf|isolate|tasks|ai|built_in_ai|server)\.js$/.test(name) || // thimble.part('models') asks for engine.models.js
      /^engine\.\w+\.js$/.test(name) ||
      [...texts].some(([other, text]) => other !== name && text.includes(name));
    expect(scripts.filter((name) => !isAsked(name))).toEqual([]);
  });

  it('is all that its exports name', () => {
    const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { exports: object };
    const named = [...JSON.stringify(exports).matchAll(/"\.\/([^"]+\.\w+)"(?!:)/g)].map(([, name]) => name!);
    expect(named.filter((name) => name.startsWith('dist/'))).not.toHaveLength(0);
    expect(named.filter((name) => !files().includes(name))).toEqual([]);
  });
});

it('its README has no link to a file that is not there', () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const links = (text: string) => [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!);
  expect(links(packageReadme(readme, undefined)).filter((target) => !/^(\w+:|#)/.test(target))).toEqual([]);
  expect(packageReadme(readme, undefined)).not.toMatch(/npm (start|run (app|bench))/); // only a clone can do that
  const absolute = links(packageReadme(readme, 'https://example.org/thimble'));
  expect(absolute).toContain('https://example.org/thimble/blob/HEAD/CONTRIBUTING.md');
  expect(absolute.every((target) => /^(https:\/\/|#)/.test(target))).toBe(true);
});
