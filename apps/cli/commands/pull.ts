import { statSync } from 'node:fs';
import { homedir } from 'node:os';
import { modelStore, type ModelStore, type StoredModel } from '../../../src/index.ts';
import { offered, shortName } from '../catalogue.ts';
import { suggestion, UsageError, type Arguments, type Command } from '../command.ts';
import { directoryOption, download, isRemote, readDirectory, sourceOf, transferBar } from '../downloads.ts';
import { checked } from '../option_words.ts';
import { printJson, printLine } from '../terminal.ts';

export const pull: Command = {
  summary: 'download a model, or take a file of yours in',
  usage: 'NAME [options]',
  about: `NAME is one of:
  qwen3:0.6b                  a short name; thimble list --offered shows them
  hf:org/repo                 of a repository at Hugging Face the usual file: Q4_K_M where there is one
  hf:org/repo:Q8_0            the file of that type, or of that name (hf:org/repo:file.gguf)
  hf:org/repo@branch:Q8_0     of another revision
  https://host/file.gguf      any address of a GGUF file; the first shard stands for all
  ./file.gguf                 a file of yours, which is copied

thimble run NAME "Hello" does the same first. What breaks off goes on where it stopped, with the same command. Every byte is hashed on its way; where the host says the SHA-256, or
--sha256 does, a file with another one is never kept. HF_TOKEN is the key for models that ask for one. Prints the path of the model; --json what
thimble list --json says of it.`,
  positionals: [1, 1],
  options: {
    name: {
      value: 'NAME',
      help: 'what to call it (default: its short name, org/repo/file.gguf, or the name of the file)',
    },
    sha256: { value: 'HASH', help: 'what the file has to be; with shards, all of them with commas between' },
    json: { help: 'print one JSON object and nothing else' },
    ...directoryOption,
    connections: { value: 'N', rare: true, help: 'requests at a time, 1 to 16 (default 4)' },
  },
  examples: [
    ['thimble pull qwen3:0.6b', 'by its short name'],
    ['thimble pull hf:org/repo:Q4_0', 'download, or go on with it; prints the path'],
    ['thimble pull ./mine.gguf --name mine', 'then thimble run mine'],
  ],
  async run(args, signal) {
    const [given] = args.positionals as readonly [string];
    const store = await modelStore(readDirectory(args));
    const isFile = !isRemote(given) || /^(\.{0,2}|~)\//.test(given);
    const model = await (isFile ? taken : fetched)(given, args, { store, signal });
    return args.flag('json') ? printJson(model) : printLine(model.files[0]!.path!); // which other commands and programs take
  },
};

interface Around {
  readonly store: ModelStore;
  readonly signal: AbortSignal;
}

async function fetched(given: string, args: Arguments, { store, signal }: Around): Promise<StoredModel> {
  const [name, sha256] = [args.text('name'), args.text('sha256')];
  const nConnections = args.count('connections', { max: 16 });
  const source = {
    ...(await sourceOf(given, { store, signal })),
    ...(name !== undefined && { name }),
    ...(sha256 !== undefined && { sha256: sha256.split(',') }),
  };
  checked(() => store.nameOf(source));
  return download(source, { store, signal, nConnections });
}

async function taken(given: string, args: Arguments, { store, signal }: Around): Promise<StoredModel> {
  const path = given.replace(/^~(?=\/)/, homedir());
  if (!statSync(path, { throwIfNoEntry: false })) {
    const near = suggestion(given, offered.map(shortName)) || '; thimble list --offered shows those that have one';
    throw new UsageError(
      `${JSON.stringify(given)} is no address, no file and no short name, expected hf:org/repo, https://… or the path of a file${near}`,
    );
  }
  if (args.text('sha256') !== undefined) throw new UsageError('--sha256 is for downloads; leave it out');
  const name = args.text('name');
  const bar = transferBar('importing');
  const options = { signal, onProgress: bar.tell, ...(name !== undefined && { name }) };
  return store.import(path, options).finally(() => bar.end());
}
