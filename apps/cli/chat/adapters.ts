/** `/lora`: which adapters the next answer is made with. */
import type { AdapterUse, Chat, Model } from '../../../src/index.ts';
import { suggestion } from '../command.ts';
import { columns, harmless } from '../terminal.ts';

interface Adapted {
  readonly model: Model;
  readonly chat: Chat;
}

const scaleOf = (use: AdapterUse): number => (typeof use === 'string' ? 1 : (use.scale ?? 1));
const nameOf = (use: AdapterUse): string => (typeof use === 'string' ? use : use.name);

/** Names and scales of all adapters: 0 of those that are off. */
export function scalesOf({ model, chat }: Adapted): Map<string, number> {
  const uses = new Map(chat.adapters?.map((use) => [nameOf(use), scaleOf(use)]));
  return new Map(model.info.adapters.map(({ name, scale }) => [name, chat.adapters ? (uses.get(name) ?? 0) : scale]));
}

/** `poet 0.5`, `pirate off`. */
export function adapterRows(state: Adapted): string[][] {
  const { adapters } = state.model.info;
  const scales = scalesOf(state);
  return adapters.map(({ name, kind, rank }) => {
    const scale = scales.get(name)!;
    return [harmless(name), scale === 0 ? 'off' : String(scale), kind === 'lora' ? `LoRA of rank ${rank}` : kind];
  });
}

/** `/lora`, `/lora NAME SCALE`, `/lora NAME off`; what to show. */
export function lora(state: Adapted, argument: string): string {
  const { model, chat } = state;
  if (model.info.adapters.length === 0) return 'there are no adapters: thimble chat MODEL --lora FILE';
  if (argument === '') return columns(adapterRows(state), '<<<').join('\n');
  const [, name = argument, given = '1'] = /^(.+?)\s+(off|on|[-+]?[\d.]+(?:e[-+]?\d+)?)$/i.exec(argument) ?? [];
  const names = model.info.adapters.map((adapter) => adapter.name);
  const [, other, notScale] = /^(.+)\s+(\S+)$/.exec(name) ?? [];
  if (!names.includes(name) && names.includes(other!)) return `the scale is ${notScale}, expected a number, on or off`;
  if (!names.includes(name))
    return `there is no adapter ${name}${suggestion(name, names) || `; there are ${names.join(', ')}`}`;
  const words: Readonly<Record<string, number>> = { off: 0, on: 1 };
  const scale = words[given.toLowerCase()] ?? Number(given);
  if (!Number.isFinite(scale)) return `the scale is ${given}, expected a number`;
  const scales = scalesOf(state).set(name, scale);
  chat.adapters = [...scales].map(([name, scale]) => ({ name, scale }));
  return `${columns(adapterRows(state), '<<<').join('\n')}\nthe conversation is read again with the next message`;
}
