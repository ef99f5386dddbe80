import { commonOptions, type Command, type OptionTable } from './command.ts';
import { twoColumns, wrapCommand, wrapText } from './layout.ts';
import { wrapWords } from './wrap_words.ts';
import { plural, style } from './terminal.ts';

/** The page of `thimble --help`. */
export function overview(commands: ReadonlyMap<string, Command>, width: number): string {
  const rows = [...commands].map(([name, { summary }]) => [name, summary] as const);
  const examples = ['thimble chat', 'thimble run smollm2 "Write a haiku about the sea"', 'thimble inspect model.gguf'];
  return page([
    title('thimble', 'a whole language model that fits on a fingertip', width),
    section('Usage', commandLines(['thimble COMMAND [options]', 'thimble help COMMAND'], width)),
    section('Commands', twoColumns(rows, width)),
    section('Examples', commandLines(examples, width)),
    wrapText(
      'MODEL is a GGUF file, the first shard of a split one, or smollm2: the model that comes with the source. It may also be an address, hf:org/repo, hf:org/repo:Q4_0 or https://…, or a short name (thimble list --offered): such a model is downloaded once; or the name of one that "thimble list" shows.',
      width,
    ),
  ]);
}

/** The page of `thimble COMMAND --help`; with `all`, rarely used options stand on it, too. */
export function commandHelp(
  name: string,
  command: Command,
  { all, width }: { readonly all: boolean; readonly width: number },
): string {
  const { summary, usage, about, options, examples } = command;
  const rare = optionRows(options, true);
  const { all: allOption, ...others } = commonOptions;
  const shared = rare.length > 0 && !('all' in options) ? { ...others, all: allOption } : others;
  const common = [...optionRows(options, false), ...optionRows(shared, false)];
  const more = `${plural(rare.length, 'more option')}: --help --all`;
  return page([
    title(`thimble ${name}`, summary, width),
    section('Usage', commandLines([`thimble ${name} ${usage}`.trimEnd()], width)),
    ...(about ? [wrapText(about, width)] : []),
    section('Options', twoColumns(common, width)),
    ...(rare.length === 0 ? [] : all ? [section('Rarely used', twoColumns(rare, width))] : [wrapText(more, width)]),
    section(
      'Examples',
      examples.flatMap(([line, what]) => [
        ...wrapCommand(line, width),
        ...wrapWords(what.split(' '), { width, first: 4 }).map(style.dim),
      ]),
    ),
  ]);
}

const page = (parts: readonly (readonly string[])[]): string =>
  parts.map((lines) => `${lines.join('\n')}\n`).join('\n');

const title = (name: string, summary: string, width: number): string[] =>
  wrapText(`${name}: ${summary}`, width).map((line, i) => (i === 0 ? line.replace(name, style.bold(name)) : line));

const section = (heading: string, lines: readonly string[]): string[] => [style.bold(heading), ...lines];

const commandLines = (lines: readonly string[], width: number): string[] =>
  lines.flatMap((line) => wrapCommand(line, width));

type Row = readonly [option: string, help: string];

const optionRows = (options: OptionTable, isRare: boolean): Row[] =>
  Object.entries(options)
    .filter(([, { rare = false }]) => rare === isRare)
    .map(([name, { short, value, help }]) => [
      `${short ? `-${short}, ` : ''}--${name}${value ? ` ${value}` : ''}`,
      help,
    ]);
