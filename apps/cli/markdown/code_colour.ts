/** Colours of program text, line by line, so that a line can be coloured while it is written. The grammars are CodeMirror's. */
import { c, cpp, csharp, dart, java, kotlin, objectiveC, scala } from '@codemirror/legacy-modes/mode/clike';
import { css, less, sCSS } from '@codemirror/legacy-modes/mode/css';
import { diff } from '@codemirror/legacy-modes/mode/diff';
import { dockerFile } from '@codemirror/legacy-modes/mode/dockerfile';
import { go } from '@codemirror/legacy-modes/mode/go';
import { haskell } from '@codemirror/legacy-modes/mode/haskell';
import { javascript, json, typescript } from '@codemirror/legacy-modes/mode/javascript';
import { julia } from '@codemirror/legacy-modes/mode/julia';
import { lua } from '@codemirror/legacy-modes/mode/lua';
import { perl } from '@codemirror/legacy-modes/mode/perl';
import { powerShell } from '@codemirror/legacy-modes/mode/powershell';
import { properties } from '@codemirror/legacy-modes/mode/properties';
import { python } from '@codemirror/legacy-modes/mode/python';
import { r } from '@codemirror/legacy-modes/mode/r';
import { ruby } from '@codemirror/legacy-modes/mode/ruby';
import { rust } from '@codemirror/legacy-modes/mode/rust';
import { shell } from '@codemirror/legacy-modes/mode/shell';
import { standardSQL } from '@codemirror/legacy-modes/mode/sql';
import { swift } from '@codemirror/legacy-modes/mode/swift';
import { toml } from '@codemirror/legacy-modes/mode/toml';
import { html, xml } from '@codemirror/legacy-modes/mode/xml';
import { yaml } from '@codemirror/legacy-modes/mode/yaml';
import { StringStream, type StreamParser } from '@codemirror/streamparser';
import { cellsOf, type Cell } from './cells.ts';

/** Grammars by the words that models write behind the fence. */
const grammars = new Map<string, StreamParser<unknown>>(
  (
    [
      [javascript, 'javascript js jsx mjs node'],
      [typescript, 'typescript ts tsx'],
      [json, 'json jsonc json5'],
      [python, 'python py python3'],
      [shell, 'shell sh bash zsh console shell-session'],
      [c, 'c h'],
      [cpp, 'cpp c++ cc hpp cxx'],
      [csharp, 'csharp cs c#'],
      [java, 'java'],
      [kotlin, 'kotlin kt'],
      [scala, 'scala'],
      [objectiveC, 'objectivec objc objective-c'],
      [dart, 'dart'],
      [go, 'go golang'],
      [rust, 'rust rs'],
      [swift, 'swift'],
      [ruby, 'ruby rb'],
      [perl, 'perl pl'],
      [lua, 'lua'],
      [julia, 'julia jl'],
      [r, 'r'],
      [haskell, 'haskell hs'],
      [html, 'html htm vue svelte php'],
      [xml, 'xml svg'],
      [css, 'css'],
      [sCSS, 'scss sass'],
      [less, 'less'],
      [standardSQL, 'sql mysql postgresql postgres sqlite'],
      [yaml, 'yaml yml'],
      [toml, 'toml'],
      [properties, 'ini properties'],
      [dockerFile, 'dockerfile docker'],
      [powerShell, 'powershell ps1 pwsh'],
      [diff, 'diff patch'],
    ] as [StreamParser<unknown>, string][]
  ).flatMap(([grammar, names]) => names.split(' ').map((name) => [name, grammar] as const)),
);

/** Colours by the first word of a token's name. */
const styles: Readonly<Record<string, string>> = {
  keyword: '35',
  operatorKeyword: '35',
  controlKeyword: '35',
  modifier: '35',
  self: '35',
  string: '32',
  'string-2': '32',
  regexp: '32',
  inserted: '32',
  comment: '2',
  number: '33',
  atom: '33',
  bool: '33',
  null: '33',
  escape: '33',
  def: '94',
  function: '94',
  labelName: '94',
  builtin: '36',
  standard: '36',
  tag: '36',
  tagName: '36',
  typeName: '36',
  className: '36',
  type: '36',
  attributeName: '33',
  attribute: '33',
  propertyName: '94',
  heading: '1',
  meta: '36',
  deleted: '31',
};

const tabColumns = 4;
/** A longer line is no program text for people; grammars may take time that grows faster than the line. */
const maxLine = 2000;

/** Takes the lines of one block. */
export interface Colouring {
  /** A line that is being written. */
  peek(line: string): Cell[];
  /** A line that is whole. */
  push(line: string): Cell[];
}

export function startColouring(language: string): Colouring {
  const grammar = grammars.get(language.toLowerCase());
  const state = grammar?.startState?.(tabColumns) ?? {};
  const copied = (): unknown => grammar?.copyState?.(state) ?? plainCopy(state);
  const colour = (line: string, of: unknown): Cell[] =>
    grammar && line.length <= maxLine ? tokens(grammar, line, of) : cellsOf(line);
  const clean = (line: string) => line.replaceAll('\t', ' '.repeat(tabColumns));
  return {
    peek: (line) => colour(clean(line), copied()),
    push: (line) => colour(clean(line), state),
  };
}

const plainCopy = (state: object): object =>
  Object.fromEntries(Object.entries(state).map(([name, value]) => [name, Array.isArray(value) ? [...value] : value]));

function tokens(grammar: StreamParser<unknown>, line: string, state: unknown): Cell[] {
  if (line === '') {
    grammar.blankLine?.(state, tabColumns);
    return [];
  }
  const stream = new StringStream(line, tabColumns, tabColumns);
  const cells: Cell[] = [];
  while (!stream.eol()) {
    const name = tokenAt(grammar, stream, state);
    cells.push(...cellsOf(stream.current(), styleOf(name)));
  }
  return cells;
}

/** Grammars take a step back now and then, and may meet text that they were never tried on. */
function tokenAt(grammar: StreamParser<unknown>, stream: StringStream, state: unknown): string | null {
  stream.start = stream.pos;
  try {
    for (let tries = 0; tries < 10 && stream.pos === stream.start; tries++) {
      const name = grammar.token(stream, state);
      if (stream.pos > stream.start) return name;
    }
  } catch {
    stream.pos = stream.start;
  }
  stream.next();
  return null;
}

function styleOf(name: string | null): string {
  const words = (name ?? '').split(/[ .]/);
  return words.map((word) => styles[word]).find((style) => style !== undefined) ?? '';
}
