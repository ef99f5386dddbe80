/** The languages that are coloured, and what models call them. */
import type { LanguageFn } from 'highlight.js';

type Load = () => Promise<{ default: LanguageFn }>;

interface Language {
  readonly names: readonly string[];
  readonly load: Load;
}

export const languages: readonly Language[] = [
  { names: ['bash', 'sh', 'shell', 'zsh', 'console'], load: () => import('highlight.js/lib/languages/bash') },
  { names: ['c', 'h'], load: () => import('highlight.js/lib/languages/c') },
  { names: ['cpp', 'c++', 'cc', 'hpp', 'cxx'], load: () => import('highlight.js/lib/languages/cpp') },
  { names: ['csharp', 'c#', 'cs'], load: () => import('highlight.js/lib/languages/csharp') },
  { names: ['css'], load: () => import('highlight.js/lib/languages/css') },
  { names: ['dart'], load: () => import('highlight.js/lib/languages/dart') },
  { names: ['diff', 'patch'], load: () => import('highlight.js/lib/languages/diff') },
  { names: ['dockerfile', 'docker'], load: () => import('highlight.js/lib/languages/dockerfile') },
  { names: ['elixir', 'ex'], load: () => import('highlight.js/lib/languages/elixir') },
  { names: ['go', 'golang'], load: () => import('highlight.js/lib/languages/go') },
  { names: ['haskell', 'hs'], load: () => import('highlight.js/lib/languages/haskell') },
  { names: ['html', 'xml', 'svg', 'vue'], load: () => import('highlight.js/lib/languages/xml') },
  { names: ['ini', 'toml'], load: () => import('highlight.js/lib/languages/ini') },
  { names: ['java'], load: () => import('highlight.js/lib/languages/java') },
  { names: ['javascript', 'js', 'jsx', 'mjs'], load: () => import('highlight.js/lib/languages/javascript') },
  { names: ['json', 'jsonc', 'json5'], load: () => import('highlight.js/lib/languages/json') },
  { names: ['julia', 'jl'], load: () => import('highlight.js/lib/languages/julia') },
  { names: ['kotlin', 'kt'], load: () => import('highlight.js/lib/languages/kotlin') },
  { names: ['latex', 'tex'], load: () => import('highlight.js/lib/languages/latex') },
  { names: ['lua'], load: () => import('highlight.js/lib/languages/lua') },
  { names: ['makefile', 'make'], load: () => import('highlight.js/lib/languages/makefile') },
  { names: ['markdown', 'md'], load: () => import('highlight.js/lib/languages/markdown') },
  { names: ['matlab', 'octave'], load: () => import('highlight.js/lib/languages/matlab') },
  { names: ['perl', 'pl'], load: () => import('highlight.js/lib/languages/perl') },
  { names: ['php'], load: () => import('highlight.js/lib/languages/php') },
  { names: ['powershell', 'ps1'], load: () => import('highlight.js/lib/languages/powershell') },
  { names: ['python', 'py', 'python3'], load: () => import('highlight.js/lib/languages/python') },
  { names: ['r'], load: () => import('highlight.js/lib/languages/r') },
  { names: ['ruby', 'rb'], load: () => import('highlight.js/lib/languages/ruby') },
  { names: ['rust', 'rs'], load: () => import('highlight.js/lib/languages/rust') },
  { names: ['scala'], load: () => import('highlight.js/lib/languages/scala') },
  { names: ['scss', 'sass'], load: () => import('highlight.js/lib/languages/scss') },
  { names: ['sql', 'mysql', 'postgresql', 'sqlite'], load: () => import('highlight.js/lib/languages/sql') },
  { names: ['swift'], load: () => import('highlight.js/lib/languages/swift') },
  { names: ['typescript', 'ts', 'tsx'], load: () => import('highlight.js/lib/languages/typescript') },
  { names: ['yaml', 'yml'], load: () => import('highlight.js/lib/languages/yaml') },
];

export const languageOf = (name: string): Language | undefined =>
  languages.find(({ names }) => names.includes(name.toLowerCase()));
