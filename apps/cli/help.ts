import { commonOptions, type Command, type OptionTable } from './command.ts';
import { style } from './terminal.ts';

/** The page of `thimble --help`. */
export function overview(commands: ReadonlyMap<string, Command>): string {
  const rows = [...commands].map(([name, { summary }]) => [name, summary] as const);
  return [
    `${style.bold('thimble')}: a whole language model that fits on a fingertip`,
    '',
    section('Usage', ['thimble COMMAND [options]', 'thimble help COMMAND']),
    section('Commands', table(rows)),
    section('Examples', [
      'thimble chat',
      'thimble run smollm2 --prompt "Write a haiku about the sea"',
      'thimble inspect model.gguf',
    ]),
    'MODEL is a GGUF file, the first shard of a split one, or smollm2: the model that comes with the source.',
    '',
  ].join('\n');
}

/** The page of `thimble COMMAND --help`. */
export function commandHelp(name: string, { summary, usage, about, options, examples }: Command): string {
  return [
    `${style.bold(`thimble ${name}`)}: ${summary}`,
    '',
    section('Usage', [`thimble ${name} ${usage}`.trimEnd()]),
    ...(about ? [`${about}\n`] : []),
    section('Options', table(optionRows({ ...options, ...commonOptions }))),
    section(
      'Examples',
      examples.flatMap(([line, what]) => [line, style.dim(`  ${what}`)]),
    ),
  ].join('\n');
}

function optionRows(options: OptionTable): (readonly [string, string])[] {
  return Object.entries(options).map(([name, { short, value, help }]) => {
    const spelled = `${short ? `-${short}, ` : ''}--${name}${value ? ` ${value}` : ''}`;
    return [spelled, help] as const;
  });
}

function section(title: string, lines: readonly string[]): string {
  return `${style.bold(title)}\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

/** Two columns. */
function table(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `${left.padEnd(width)}   ${right}`);
}
