/** What stands between the reader and an answer, above the place to write: no model, one that opens, one that failed. */
import { Box, RotateCw } from 'lucide-preact';
import { percent } from '../app/format.ts';
import { engine } from '../models/engine.ts';
import { here, use } from '../models/library.ts';
import { writing } from '../state/answering.ts';
import { current, list } from '../state/conversations.ts';
import { goTo } from '../state/route.ts';
import { backend } from '../state/settings.ts';
import { Button } from './button.tsx';
import { openModelSheet } from './model_sheet.tsx';
import { Note, Progress } from './parts.tsx';

function useProcessor(id: string): void {
  backend.value = 'wasm';
  void use(id);
}

export function ModelTrouble() {
  const state = engine.value;
  const now = writing.value;
  if (now && now.conversationId !== current.value?.id) {
    const shown = list.value.find(({ id }) => id === now.conversationId);
    return (
      <Bar
        text={`Answering in “${shown?.title ?? 'another chat'}”`}
        label="Show"
        run={() => goTo('chat', now.conversationId)}
      />
    );
  }
  if (state.type === 'ready') return null;
  return <div class="above-composer">{notes[state.type]()}</div>;
}

interface BarProps {
  readonly text: string;
  readonly label: string;
  readonly run: () => void;
}

/** A line with one thing to do. */
function Bar({ text, label, run }: BarProps) {
  return (
    <div class="above-composer">
      <div class="bar">
        <span class="grow clip">{text}</span>
        <Button look="primary" onClick={run}>
          {label}
        </Button>
      </div>
    </div>
  );
}

const notes = {
  none: () => (
    <div class="bar">
      <span class="grow">No model is open.</span>
      <Button look="primary" icon={Box} onClick={() => (here.value.length > 0 ? openModelSheet() : goTo('models'))}>
        {here.value.length > 0 ? 'Choose one' : 'Get a model'}
      </Button>
    </div>
  ),
  opening: () => {
    const { name, part } = engine.value as Extract<typeof engine.value, { type: 'opening' }>;
    return (
      <div class="opening-bar" role="status">
        <span class="row tiny muted">
          <span class="grow clip">Opening {name}</span>
          <span class="numbers">{percent(part)}</span>
        </span>
        <Progress label={`Opening ${name}`} part={part} />
      </div>
    );
  },
  failed: () => {
    const { id, trouble } = engine.value as Extract<typeof engine.value, { type: 'failed' }>;
    return (
      <Note
        kind="no"
        title={trouble.title}
        actions={
          <>
            <Button icon={RotateCw} onClick={() => void use(id)}>
              Try again
            </Button>
            {trouble.remedy === 'context' && <Button onClick={() => goTo('settings')}>Shorter context</Button>}
            {trouble.remedy === 'processor' && <Button onClick={() => useProcessor(id)}>Use the processor</Button>}
            <Button onClick={() => goTo('models')}>Other models</Button>
          </>
        }
      >
        {trouble.text}
      </Note>
    );
  },
} as const;
