import { modelStore } from '../../../src/index.ts';
import { offered, shortName } from '../catalogue.ts';
import { commonOptions, UsageError, type Command } from '../command.ts';
import { defaultModel } from '../models.ts';
import { harmless, print, printLine } from '../terminal.ts';
import { commands } from './index.ts';

/** What each shell has to be told: it asks for the words that the last one of a line may become, and adds files by itself. */
const scripts: Readonly<Record<string, string>> = {
  bash: `_thimble() {
  local line=\${COMP_LINE:0:COMP_POINT} found
  local word=\${line##*[[:space:]]}
  local before=\${word%"\${word##*:}"}
  [[ $COMP_WORDBREAKS == *:* ]] || before=
  COMPREPLY=()
  while IFS= read -r found; do COMPREPLY+=("\${found#"$before"}"); done < <(
    thimble completion words -- "$line" 2>/dev/null
    compgen -f -- "$word"
  )
}
complete -o filenames -F _thimble thimble
`,
  zsh: `#compdef thimble
_thimble() {
  compadd -- \${(f)"$(thimble completion words -- "\${(j: :)words[1,CURRENT]}" 2>/dev/null)"}
  _files
}
compdef _thimble thimble
`,
  fish: `complete -c thimble -a '(thimble completion words -- (commandline -cp | string collect) 2>/dev/null)'
`,
};

const shells = Object.keys(scripts);

export const completion: Command = {
  summary: 'let your shell complete commands, options and models',
  usage: `${shells.join(' | ')}`,
  about: `Prints a script for the shell: put it where your shell looks, or add the line below to its settings.

thimble completion words -- "LINE" prints the words that the last one of LINE may become; the scripts call it.`,
  positionals: [1, 2],
  options: {},
  examples: [
    ['thimble completion bash >> ~/.bashrc', 'bash'],
    ['thimble completion zsh > "\${fpath[1]}/_thimble"', 'zsh'],
    ['thimble completion fish | source', 'fish, in its config.fish'],
  ],
  async run({ positionals: [shell, line] }) {
    if (shell === 'words' && line !== undefined) {
      for (const word of await wordsFor(line)) await printLine(harmless(word));
      return;
    }
    const script = scripts[shell!];
    if (script === undefined || line !== undefined)
      throw new UsageError(`the shell is ${JSON.stringify(shell)}, expected ${shells.join(', ')}`);
    await print(script);
  },
};

/** What the last word of a line may become: commands, then options of the command, then models. */
async function wordsFor(line: string): Promise<string[]> {
  const words = line.split(/\s+/).slice(1);
  const word = words.at(-1) ?? '';
  const isLike = (candidate: string): boolean => candidate.startsWith(word);
  if (words.length < 2 || (words.length === 2 && words[0] === 'help'))
    return [...commands.keys(), 'help', '--help', '--version'].filter(isLike);
  const command = commands.get(words[0]!);
  if (!command) return [];
  const options = { ...commonOptions, ...command.options };
  if (word.startsWith('-'))
    return Object.keys(options)
      .map((name) => `--${name}`)
      .filter(isLike);
  if (command === completion) return shells.filter(isLike);
  return /MODEL|NAME/.test(command.usage) ? (await modelNames()).filter(isLike) : [];
}

async function modelNames(): Promise<string[]> {
  const kept = await modelStore()
    .then((store) => store.list())
    .catch(() => []);
  return [defaultModel, ...offered.map(shortName), ...kept.map(({ name }) => name)];
}
