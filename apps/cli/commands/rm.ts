import { modelStore, ResourceError, type ModelStore } from '../../../src/index.ts';
import { suggestion, type Command } from '../command.ts';
import { directoryOption, isRemote, readDirectory, sourceOf } from '../downloads.ts';
import { harmlessName, printJson, printLine, style } from '../terminal.ts';

export const rm: Command = {
  summary: 'remove models that are kept',
  usage: 'NAME … [options]',
  about: 'NAME is what thimble list shows, or what thimble pull was given. Downloads that are not whole go, too.',
  positionals: [1, Infinity],
  options: { json: { help: 'print { "removed": [...] } and nothing else' }, ...directoryOption },
  examples: [['thimble rm qwen3:0.6b', 'room for others']],
  async run(args, signal) {
    const store = await modelStore(readDirectory(args));
    const known = (await store.list()).map(({ name }) => name);
    const removed: string[] = [];
    for (const given of args.positionals) removed.push(await keptName(given, known, { store, signal }));
    for (const name of removed) {
      await store.delete(name);
      if (!args.flag('json')) await printLine(`removed ${harmlessName(name)}`, style.dim);
    }
    if (args.flag('json')) await printJson({ removed });
  },
};

/** @throws ResourceError for a model that is not here; nothing is removed then. */
async function keptName(
  given: string,
  known: readonly string[],
  around: { readonly store: ModelStore; readonly signal: AbortSignal },
): Promise<string> {
  if (known.includes(given)) return given;
  const name = isRemote(given) ? around.store.nameOf(await sourceOf(given, around)) : given;
  if (known.includes(name)) return name;
  const near = suggestion(name, known) || (known.length > 0 ? '; thimble list shows them' : '; it has none');
  throw new ResourceError(`there is no model ${name} in the store${near}`);
}
