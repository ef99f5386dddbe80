/** What the commands have in common that do something to a text. */
import { stdin } from 'node:process';
import type { Model } from '../../src/index.ts';
import type { Task, TaskOptions, TaskResult } from '../../src/tasks.ts';
import { UsageError, type Arguments, type Command, type OptionTable } from './command.ts';
import { decodeUtf8, readStdin, readTextFile } from './input.ts';
import { computedByJson, defaultModel, modelOptions, modelPath, readModelOptions, withModel } from './models.ts';
import { counted, forStdout, plural, print, printJson, progressBar, remark } from './terminal.ts';

export const taskOptions = {
  model: { short: 'm', value: 'MODEL', help: `the model to do it with (default: ${defaultModel})` },
  context: { value: 'TEXT', help: 'what the reader knows, or what the text is about; the model is told' },
  json: { help: 'print one JSON object and nothing else' },
  ...modelOptions,
} as const satisfies OptionTable;

interface Description<Result> extends Pick<Command, 'summary' | 'about' | 'options' | 'examples'> {
  /** Begins the work, with what the options say. */
  start(model: Model, text: string, args: Arguments, common: TaskOptions): Task<Result>;
  /** What `--json` prints beside the text. */
  json?(result: Result): Readonly<Record<string, unknown>>;
  /** The text that counts is there at the end alone: until then there is a bar. */
  readonly waits?: boolean;
  /** What is told below the text. */
  remarks?(result: Result): string[];
  /** What is printed in place of the text; undefined where nothing is. */
  instead?(result: Result, text: string, args: Arguments): string | undefined;
}

/** A command that reads FILE or stdin and prints what a task makes of it. */
export function taskCommand<Result extends TaskResult>(task: Description<Result>): Command {
  const { summary, about, options, examples } = task;
  return {
    summary,
    usage: '[FILE] [options]',
    ...(about !== undefined && { about }),
    positionals: [0, 1],
    options: { ...options, ...taskOptions },
    examples,
    async run(args, signal) {
      const given = args.text('model') ?? defaultModel;
      const opening = { ...readModelOptions(args), signal };
      await modelPath(given, signal); // a wrong path is told before stdin is waited for
      const text = await readText(args, signal);
      if (text.trim() === '') throw new UsageError('the text is empty; give a FILE, or the text on stdin');
      await withModel(given, opening, async (model) => {
        const bar = progressBar(summary.split(' ')[0]!);
        const onProgress = (n: number, all: number) => bar.update(n, all, `${counted(n)} of ${plural(all, 'piece')}`);
        const context = args.text('context');
        const started = task.start(model, text, args, {
          signal,
          onProgress,
          ...(context !== undefined && { context }),
        });
        await tell(task, started, { text, args, model, end: () => bar.end() }).finally(() => bar.end());
      });
    },
  };
}

/** Where a task's text comes from. */
async function readText(args: Arguments, signal: AbortSignal): Promise<string> {
  const [path] = args.positionals;
  if (path !== undefined && path !== '-') return readTextFile(path, signal);
  if (stdin.isTTY) remark('reading the text from the terminal; Ctrl-D ends');
  return decodeUtf8(await readStdin(signal), 'stdin');
}

interface Telling {
  readonly text: string;
  readonly args: Arguments;
  readonly model: Model;
  /** Takes the bar away, before something else is printed. */
  readonly end: () => void;
}

async function tell<Result extends TaskResult>(
  task: Description<Result>,
  started: Task<Result>,
  { text, args, model, end }: Telling,
): Promise<void> {
  if (args.flag('json')) {
    const result = await started;
    end();
    const rest = { pieces: result.nPieces, cut: result.nCut, ...computedByJson(model.info) };
    return printJson({ text: result.text, ...task.json?.(result), ...rest });
  }
  if (!task.waits) {
    for await (const piece of started) {
      end();
      await print(forStdout(piece));
    }
  }
  const result = await started;
  end();
  const instead = task.instead?.(result, text, args);
  if (instead !== undefined) await print(instead);
  else if (task.waits) await print(forStdout(result.text));
  if (instead === undefined && !result.text.endsWith('\n')) await print('\n');
  for (const line of task.remarks?.(result) ?? []) remark(line);
  if (result.nCut > 0) remark(`${plural(result.nCut, 'answer')} ended before the model ended it`);
}
