/** What stands between the reader and an answer, above the place to write: no model, one that opens, one that failed. */
import { Box, RotateCw } from 'lucide-preact';
import { percent } from '../app/format.ts';
import { engine } from '../models/engine.ts';
import { here, use } from '../models/library.ts';
import { goTo } from '../state/route.ts';
import { Button } from './button.tsx';
import { Note, Progress } from './parts.tsx';

export function ModelTrouble() {
  const state = engine.value;
  if (state.type === 'ready') return null;
  return <div class="above-composer">{notes[state.type]()}</div>;
}

const notes = {
  none: () => (
    <Note
      title="No model is open"
      actions={
        <Button look="outline" icon={Box} onClick={() => goTo('models')}>
          {here.value.length > 0 ? 'Choose one' : 'Get a model'}
        </Button>
      }
    >
      Chats are here to read. To go on, open a model.
    </Note>
  ),
  opening: () => {
    const { name, part } = engine.value as Extract<typeof engine.value, { type: 'opening' }>;
    return (
      <div class="opening" role="status">
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
            <Button onClick={() => goTo('models')}>Other models</Button>
          </>
        }
      >
        {trouble.text}
      </Note>
    );
  },
} as const;
