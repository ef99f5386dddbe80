import { modelStore, type StoredModel } from '../../../src/index.ts';
import { offered, shortName } from '../catalogue.ts';
import type { Arguments, Command } from '../command.ts';
import { fittingRows, outputWidth } from '../layout.ts';
import { directoryOption, readDirectory } from '../downloads.ts';
import { formatBytes, harmlessName, plural, printJson, printLine, remark } from '../terminal.ts';

export const list: Command = {
  summary: 'list the models that are kept, or those that have a short name',
  usage: '[options]',
  about: `Models lie under their own names in THIMBLE_MODELS, or else in the folder of this system for what can be had again
(~/.cache/thimble/models); other programs can use them there. Their names are good wherever a command takes MODEL.

--json prints { "models": [...] }: name, sizeBytes, doneBytes, isComplete, isVerified, sha256, from, files (with their paths); with --offered
name, title, about, quant, sizeBytes, licence, hf.`,
  positionals: [0, 0],
  options: {
    offered: { help: 'models that thimble pull knows by a short name' },
    json: { help: 'print one JSON object and nothing else' },
    ...directoryOption,
  },
  examples: [
    ['thimble list', 'what is here'],
    ['thimble list --offered', 'what can be had by a short name'],
  ],
  run: (args) => (args.flag('offered') ? listOffered(args) : listStored(args)),
};

async function listStored(args: Arguments): Promise<void> {
  const store = await modelStore(readDirectory(args));
  const models = await store.list();
  if (args.flag('json')) return printJson({ models });
  if (models.length === 0)
    return remark('no models yet; thimble pull hf:org/repo downloads one, thimble list --offered shows some by name');
  await printRows(models.map((model) => [model.name, sizeText(model), stateText(model), model.from].map(harmlessName)));
  const { usedBytes, quotaBytes } = await store.usage();
  const free = quotaBytes === undefined ? '' : `, room for ${formatBytes(quotaBytes - usedBytes)} more`;
  remark(`${plural(models.length, 'model')}, ${formatBytes(usedBytes)}${free}`);
}

async function printRows(rows: readonly (readonly string[])[]): Promise<void> {
  for (const line of fittingRows(rows, '<><<', { width: outputWidth(), cuts: true })) await printLine(line.slice(2));
}

const sizeText = ({ sizeBytes, doneBytes }: StoredModel): string => formatBytes(sizeBytes ?? doneBytes);

function stateText({ isComplete, isVerified, sizeBytes, doneBytes, from }: StoredModel): string {
  if (!isComplete) return sizeBytes ? `${Math.floor((100 * doneBytes) / sizeBytes)} % there` : 'not there yet';
  if (isVerified) return 'verified';
  return from === 'file' || from === 'folder' ? 'own file' : 'no hash to compare';
}

async function listOffered(args: Arguments): Promise<void> {
  const models = offered.map((model) => ({ ...model, short: shortName(model) }));
  if (args.flag('json'))
    return printJson({
      models: models.map(({ short, name, about, quant, sizeBytes, licence, hf }) => ({
        ...{ name: short, title: name, about, quant, sizeBytes, licence, hf },
      })),
    });
  await printRows(models.map(({ short, sizeBytes, quant, about }) => [short, formatBytes(sizeBytes), quant, about]));
  remark(`thimble run ${models[0]!.short} "Hello" downloads one, and answers; any other: thimble pull hf:org/repo`);
}
