/**
 * How often `detectLanguage` is right: over folders of texts, one a line, in files that are named by their language, as scripts/language_profiles.py writes those that it
 * holds back.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { detectLanguage } from '../src/tasks/detect_language.ts';
import { readOptions } from './lib/options.ts';
import { table } from './lib/table.ts';

const usage = 'usage: node bench/run.mjs languages FOLDER… [options]';
const { options, positionals } = readOptions(usage, {
  below: { value: 'PERCENT', default: '95', help: 'list languages with less' },
});

/** What two files of one language are called. */
const sameLanguage: Readonly<Record<string, string>> = { nb: 'no', nn: 'no' };

const percent = (part: number, all: number): string => ((100 * part) / all).toFixed(1);

for (const folder of positionals) {
  const rows: string[][] = [];
  const [sum, startMs] = [{ right: 0, all: 0 }, performance.now()];
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.txt'))) {
    const name = basename(file, '.txt');
    const language = sameLanguage[name] ?? name;
    const lines = readFileSync(join(folder, file), 'utf8')
      .split('\n')
      .filter((line) => line.trim() !== '');
    const wrong = new Map<string, number>();
    for (const line of lines) {
      const [first] = await detectLanguage(line);
      if (first?.language !== language)
        wrong.set(first?.language ?? 'none', (wrong.get(first?.language ?? 'none') ?? 0) + 1);
    }
    const right = lines.length - [...wrong.values()].reduce((a, b) => a + b, 0);
    sum.right += right;
    sum.all += lines.length;
    const taken = [...wrong].sort((a, b) => b[1] - a[1]).slice(0, 3);
    if ((100 * right) / lines.length < Number(options.below))
      rows.push([name, percent(right, lines.length), taken.map(([tag, n]) => `${tag} ${n}`).join(', ')]);
  }
  const ms = (performance.now() - startMs) / sum.all;
  console.log(`${folder}: ${percent(sum.right, sum.all)} % of ${sum.all} texts, ${ms.toFixed(2)} ms each`);
  console.log(table(['language', '%', 'taken for'], rows));
}
