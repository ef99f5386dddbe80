/** A chat without messages. */
import { send } from '../state/answering.ts';
import { currentPersona, starters } from '../state/personas.ts';
import { writeDraft } from '../state/draft.ts';
import { engine } from '../models/engine.ts';
import { Logo } from './parts.tsx';

export function Welcome() {
  const { id, name, about } = currentPersona.value;
  const isReady = engine.value.type === 'ready' || engine.value.type === 'opening';
  return (
    <div class="welcome">
      <div class="welcome-inner">
        <Logo size={60} />
        <h1>{id === 'plain' ? 'What is on your mind?' : name}</h1>
        <p class="muted">{id === 'plain' ? 'Everything you write stays on this device.' : about}</p>
        <ul class="starters">
          {starters.map(({ label, text }) => (
            <li key={label}>
              <button type="button" class="starter" onClick={() => (isReady ? void send(text) : writeDraft(text))}>
                <strong>{label}</strong>
                <span>{text}</span>
              </button>
            </li>
          ))}
        </ul>
      </div>
    </div>
  );
}
