/** Personas: what the model is told to be, before the first word. */
import { Pencil, Plus, Trash2 } from 'lucide-preact';
import { useSignal } from '@preact/signals';
import { openOverlay } from '../state/overlays.ts';
import {
  choosePersona,
  currentPersona,
  personas,
  removePersona,
  savePersona,
  type ShownPersona,
} from '../state/personas.ts';
import { Button, IconButton } from './button.tsx';
import { TextField } from './fields.tsx';
import { confirm, Sheet } from './sheet.tsx';
import { ScreenBar } from './top_bar.tsx';

export function PersonasScreen() {
  return (
    <div class="screen">
      <ScreenBar title="Personas">
        <IconButton icon={Plus} label="New persona" onClick={() => edit()} />
      </ScreenBar>
      <div class="page">
        <div class="page-inner broad">
          <p class="hint group-lead">
            A persona is told to the model before the first word of a chat. Small models follow short, plain ones best.
          </p>
          <ul class="cards">
            {personas.value.map((persona) => (
              <Card key={persona.id} persona={persona} />
            ))}
          </ul>
          <Button look="outline wide" icon={Plus} onClick={() => edit()}>
            New persona
          </Button>
        </div>
      </div>
    </div>
  );
}

function Card({ persona }: { readonly persona: ShownPersona }) {
  const { id, name, about, isOwn } = persona;
  const isChosen = currentPersona.value.id === id;
  return (
    <li class={isChosen ? 'card persona open' : 'card persona'}>
      <button type="button" class="persona-choose" aria-pressed={isChosen} onClick={() => void choosePersona(id)}>
        <span class="row">
          <span class="list-label" dir="auto">
            {name}
          </span>
          {isChosen && <span class="badge brass">In use</span>}
        </span>
        <span class="hint clamp" dir="auto">
          {about}
        </span>
      </button>
      <IconButton
        icon={Pencil}
        size={19}
        label={isOwn ? `Edit ${name}` : `Make your own of ${name}`}
        onClick={() => edit(persona)}
      />
    </li>
  );
}

/** One of the app's own is the beginning of a new one. */
function edit(persona?: ShownPersona): void {
  openOverlay((close) => <Editor persona={persona} onClose={close} />);
}

interface EditorProps {
  readonly persona: ShownPersona | undefined;
  readonly onClose: () => void;
}

function Editor({ persona, onClose }: EditorProps) {
  const isOwn = persona?.isOwn ?? false;
  const name = useSignal(persona ? (isOwn ? persona.name : `${persona.name}, mine`) : '');
  const prompt = useSignal(persona?.prompt ?? '');
  const isWhole = name.value.trim() !== '' && prompt.value.trim() !== '';
  const save = () => {
    onClose();
    const id = isOwn ? { id: persona!.id } : {};
    void savePersona({ ...id, name: name.value.trim(), prompt: prompt.value.trim() });
  };
  const ask = () => {
    onClose();
    confirm({
      title: `Delete ${persona!.name}?`,
      text: 'Chats that use it go on without a persona.',
      yes: 'Delete',
      run: () => void removePersona(persona!.id),
    });
  };
  return (
    <Sheet
      title={isOwn ? 'Edit the persona' : 'New persona'}
      onClose={onClose}
      actions={
        <>
          {isOwn && <IconButton icon={Trash2} label="Delete this persona" onClick={ask} />}
          <Button look="primary grow" disabled={!isWhole} onClick={save}>
            Save
          </Button>
        </>
      }
    >
      <div class="stack spaced">
        <TextField label="Name" value={name.value} onInput={(text) => (name.value = text)} isFirst={!persona} />
        <TextField
          label="What the model is told"
          rows={6}
          placeholder="You are …"
          hint="Say what it is and how it answers, in two or three sentences."
          value={prompt.value}
          onInput={(text) => (prompt.value = text)}
        />
      </div>
    </Sheet>
  );
}
