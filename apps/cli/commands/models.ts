import { homedir } from 'node:os';
import { modelStore, ResourceError, type ModelStore, type StoredModel } from '../../../src/index.ts';
import { suggestion, UsageError, type Arguments, type Command } from '../command.ts';
import { download, isAddress, sourceOf, transferBar } from '../downloads.ts';
import { checked } from '../option_words.ts';
import { fittingRows, outputWidth } from '../layout.ts';
import { formatBytes, harmlessName, plural, printJson, printLine, remark, style } from '../terminal.ts';

type Action = (args: Arguments, store: ModelStore, signal: AbortSignal) => Promise<void>;

const actions: Readonly<Record<string, Action>> = { list, get, remove, import: importFiles };

/** What other programs call them. */
const aliases: Readonly<Record<string, string>> = {
  ls: 'list',
  pull: 'get',
  download: 'get',
  add: 'import',
  rm: 'remove',
  delete: 'remove',
};

export const models: Command = {
  summary: 'download models, list them, remove them',
  usage: '[list | get ADDRESS | remove NAME … | import FILE …] [options]',
  about: `ADDRESS is hf:org/repo/file.gguf, for a file at Hugging Face, or any https:// address of a GGUF file; the first shard stands for all.
What breaks off goes on where it stopped, with the same command. Every byte is hashed on its way; where the host says the SHA-256, or
--sha256 does, a file with another one is never kept.

Models lie under their own names in THIMBLE_MODELS, or else in the folder of this system for what can be had again
(~/.cache/thimble/models); other programs can use them there. Their names are good wherever a command takes MODEL, and so are addresses.
HF_TOKEN is the key for models that ask for one.

--json prints { "models": [...] } for a list, and the model for get and import: name, sizeBytes, doneBytes, isComplete, isVerified,
sha256, from, files (with their paths).`,
  positionals: [0, Infinity],
  options: {
    json: { help: 'print one JSON object and nothing else' },
    name: {
      value: 'NAME',
      help: 'what to call it (get, import; default: org/repo/file.gguf, or the name of the file)',
    },
    sha256: { value: 'HASH', help: 'what the file has to be (get)' },
    directory: { value: 'FOLDER', help: 'another folder for the models' },
    connections: { value: 'N', rare: true, help: 'requests at a time, 1 to 16 (default 4)' },
  },
  examples: [
    ['thimble models', 'what there is'],
    ['thimble models get hf:org/repo/model-q4_0.gguf', 'download, or go on with it; prints the path'],
    ['thimble run hf:org/repo/model-q4_0.gguf "Hello"', 'the same, and an answer'],
    ['thimble models remove org/repo/model-q4_0.gguf', 'room for others'],
  ],
  async run(args, signal) {
    const [word = 'list'] = args.positionals;
    const action = actions[aliases[word] ?? word];
    if (!action) {
      const to = isAddress(word)
        ? `; to download it: thimble models get ${word}`
        : suggestion(word, Object.keys(actions));
      throw new UsageError(
        `${JSON.stringify(word)} is nothing to do with models, expected ${Object.keys(actions).join(', ')}${to}`,
      );
    }
    const directory = args.text('directory');
    if (directory === '') throw new UsageError('--directory is empty, expected a folder');
    await action(args, await modelStore(directory === undefined ? {} : { directory }), signal);
  },
};

function argumentsOf({ positionals }: Arguments, { atLeast, what }: { atLeast: number; what: string }): string[] {
  const given = positionals.slice(1);
  if (given.length >= atLeast) return given;
  throw new UsageError(`an argument is missing: ${what}`);
}

async function list(args: Arguments, store: ModelStore): Promise<void> {
  const [unexpected] = args.positionals.slice(1);
  if (unexpected !== undefined) throw new UsageError(`unexpected argument ${JSON.stringify(unexpected)} after list`);
  const models = await store.list();
  if (args.flag('json')) return printJson({ models });
  if (models.length === 0) return remark('no models yet; thimble models get hf:org/repo/file.gguf downloads one');
  const rows = models.map((model) => [model.name, sizeText(model), stateText(model), model.from].map(harmlessName));
  for (const line of fittingRows(rows, '<><<', { width: outputWidth(), cuts: true })) await printLine(line.slice(2));
  const { usedBytes, quotaBytes } = await store.usage();
  const free = quotaBytes === undefined ? '' : `, room for ${formatBytes(quotaBytes - usedBytes)} more`;
  remark(`${plural(models.length, 'model')}, ${formatBytes(usedBytes)}${free}`);
}

const sizeText = ({ sizeBytes, doneBytes }: StoredModel): string => formatBytes(sizeBytes ?? doneBytes);

function stateText({ isComplete, isVerified, sizeBytes, doneBytes, from }: StoredModel): string {
  if (!isComplete) return sizeBytes ? `${Math.floor((100 * doneBytes) / sizeBytes)} % there` : 'not there yet';
  if (isVerified) return 'verified';
  return from === 'file' || from === 'folder' ? 'own file' : 'no hash to compare';
}

async function get(args: Arguments, store: ModelStore, signal: AbortSignal): Promise<void> {
  const [address, another] = argumentsOf(args, { atLeast: 1, what: 'ADDRESS' }) as [string, string?];
  if (another !== undefined)
    throw new UsageError(`unexpected argument ${JSON.stringify(another)}: one model at a time`);
  if (!isAddress(address))
    throw new UsageError(`${JSON.stringify(address)} is no address, expected hf:org/repo/file.gguf or https://…`);
  const [name, sha256] = [args.text('name'), args.text('sha256')];
  const source = {
    ...sourceOf(address),
    ...(name !== undefined && { name }),
    ...(sha256 !== undefined && { sha256: sha256.split(',') }),
  };
  checked(() => store.nameOf(source));
  const model = await download(source, { store, signal, nConnections: args.count('connections', { max: 16 }) });
  await tell(args, model);
}

async function importFiles(args: Arguments, store: ModelStore, signal: AbortSignal): Promise<void> {
  const files = argumentsOf(args, { atLeast: 1, what: 'FILE' });
  const name = args.text('name');
  if (name !== undefined && files.length > 1) throw new UsageError('--name is for one model; import them one by one');
  for (const file of files) {
    const bar = transferBar('importing');
    const options = { signal, onProgress: bar.tell, ...(name !== undefined && { name }) };
    await tell(args, await store.import(file.replace(/^~(?=\/)/, homedir()), options).finally(() => bar.end()));
  }
}

/** The path, which other commands and programs take. */
const tell = (args: Arguments, model: StoredModel): Promise<void> =>
  args.flag('json') ? printJson(model) : printLine(model.files[0]!.path!);

async function remove(args: Arguments, store: ModelStore): Promise<void> {
  const names = argumentsOf(args, { atLeast: 1, what: 'NAME' });
  const known = (await store.list()).map(({ name }) => name);
  const wanted = names.map((name) => (isAddress(name) ? store.nameOf(sourceOf(name)) : name));
  const missing = wanted.find((name) => !known.includes(name));
  if (missing !== undefined) {
    const near = suggestion(missing, known) || (known.length > 0 ? '; thimble models lists them' : '; it has none');
    throw new ResourceError(`there is no model ${missing} in the store${near}`);
  }
  for (const name of wanted) {
    await store.delete(name);
    if (!args.flag('json')) await printLine(`removed ${harmlessName(name)}`, style.dim);
  }
  if (args.flag('json')) await printJson({ removed: wanted });
}
