/** What is going on while an answer is made, and how fast. */
import { count, rate } from '../app/format.ts';
import { engine } from '../models/engine.ts';
import type { Writing } from '../state/answering.ts';
import { showsFigures } from '../state/settings.ts';
import { Progress } from './parts.tsx';

/** Prompts shorter than this are read before anyone could look. */
const LONG_PROMPT = 256;

export function WritingState({ live }: { readonly live: Writing }) {
  const { phase, nRead, nToRead, text, thinking } = live;
  if (phase === 'opening' || phase === 'searching') {
    const name = engine.value.type === 'none' ? 'the model' : engine.value.name;
    return <Busy words={phase === 'opening' ? `Opening ${name}` : 'Searching your documents'} />;
  }
  if (phase === 'reading' && nToRead > LONG_PROMPT) {
    return (
      <div class="prefill">
        <span class="tiny muted numbers">
          Reading {count(nRead)} of {count(nToRead)} tokens
        </span>
        <Progress label="Reading" part={nRead / nToRead} />
      </div>
    );
  }
  if (text === '' && thinking === '') return <Busy words="" />;
  return showsFigures.value ? <LiveFigures live={live} /> : null;
}

function Busy({ words }: { readonly words: string }) {
  return (
    <span class="busy tiny muted">
      <span class="dots" aria-hidden="true">
        <i />
        <i />
        <i />
      </span>
      {words}
    </span>
  );
}

function LiveFigures({ live: { nPieces, firstAt } }: { readonly live: Writing }) {
  const ms = performance.now() - firstAt;
  return (
    <p class="figures numbers" aria-hidden="true">
      {ms > 500 && nPieces > 3 ? `${rate((1000 * nPieces) / ms)} tok/s` : '\u00a0'}
    </p>
  );
}
