/** Who the model is asked to be: a few that come with the app, and the user's own. */
import { computed, signal } from '@preact/signals';
import { newId } from '../storage/index.ts';
import type { Persona } from '../storage/index.ts';
import { change, current, withStorage } from './conversations.ts';
import { persona as chosen } from './settings.ts';
import type { Starter } from './types.ts';

export interface ShownPersona extends Persona {
  readonly about: string;
  readonly isOwn: boolean;
}

const builtIn = (id: string, name: string, about: string, prompt: string): ShownPersona => ({
  id,
  name,
  about,
  prompt,
  updatedAt: 0,
  isOwn: false,
});

const personasOfApp: readonly ShownPersona[] = [
  builtIn('plain', 'Assistant', 'Just the model, as it was trained.', ''),
  builtIn(
    'brief',
    'Brief',
    'Answers in a sentence or two.',
    'You answer in one or two short sentences. You do not repeat the question.',
  ),
  builtIn(
    'teacher',
    'Teacher',
    'Explains step by step, with examples.',
    'You are a patient teacher. You explain one step at a time, in plain words, and give a small example.',
  ),
  builtIn(
    'editor',
    'Editor',
    'Corrects and improves your text.',
    'You are an editor. You correct spelling, grammar and style of the text that you are given, and keep its meaning and its language. You answer with the corrected text.',
  ),
  builtIn(
    'translator',
    'Translator',
    'Translates into English, or from it.',
    'You are a translator. You translate texts into English; English texts you translate into the language that the user names. You answer with the translation alone.',
  ),
  builtIn(
    'coder',
    'Programmer',
    'Writes code, with few words.',
    'You are an experienced programmer. You answer with short, working code in a Markdown code block, and explain it in one or two sentences.',
  ),
];

const own = signal<readonly Persona[]>([]);

export const personas = computed<readonly ShownPersona[]>(() => [
  ...personasOfApp,
  ...own.value.map((persona) => ({ ...persona, about: persona.prompt, isOwn: true })),
]);

/** That of the conversation on the screen, or the one that a new one gets. */
export const currentPersona = computed(() => {
  const id = current.value?.personaId ?? chosen.value;
  return personas.value.find((persona) => persona.id === id) ?? personasOfApp[0]!;
});

export async function begin(): Promise<void> {
  await refresh();
  await withStorage(async (storage) =>
    storage.onChange(({ kind, isElsewhere }) => {
      if (kind === 'everything' || (kind === 'persona' && isElsewhere)) void refresh();
    }),
  );
}

async function refresh(): Promise<void> {
  own.value = (await withStorage((storage) => storage.personas())) ?? [];
}

export async function choosePersona(id: string): Promise<void> {
  chosen.value = id;
  if (current.value) await change(current.value.id, { personaId: id });
}

/** Stores one of the user's own; without an id it is a new one. */
export async function savePersona({
  id = newId(),
  name,
  prompt,
}: Pick<Persona, 'name' | 'prompt'> & { id?: string }): Promise<void> {
  const persona: Persona = { id, name, prompt, updatedAt: Date.now() };
  own.value = [...own.value.filter((other) => other.id !== id), persona].sort((a, b) => a.name.localeCompare(b.name));
  await withStorage((storage) => storage.putPersona(persona));
}

export async function removePersona(id: string): Promise<void> {
  own.value = own.value.filter((persona) => persona.id !== id);
  if (chosen.value === id) chosen.value = 'plain';
  await withStorage((storage) => storage.deletePersona(id));
}

/** What a new chat offers to begin with. Small models can do these. */
export const starters: readonly Starter[] = [
  { label: 'Explain something', text: 'Why is the sky blue? Explain it as you would to a child.' },
  { label: 'Write a message', text: 'Write a short, warm birthday message for a colleague.' },
  { label: 'Find ideas', text: 'Give me five ideas for a rainy Sunday at home.' },
  { label: 'Improve a text', text: 'Make this sound friendlier: Send me the report by Friday.' },
];
