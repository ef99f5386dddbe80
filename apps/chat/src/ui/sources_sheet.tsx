/** The passages that an answer had before it. */
import { openOverlay } from '../state/overlays.ts';
import type { SourcePlace } from '../storage/index.ts';
import { Sheet } from './sheet.tsx';

export function openSources(sources: readonly SourcePlace[]): void {
  openOverlay((close) => (
    <Sheet title="What the model was given" onClose={close}>
      <ol class="passages">
        {sources.map(({ name, place, text }, i) => (
          <li key={i}>
            <h3>
              [{i + 1}] {name}
              {place && <span class="muted"> · {place}</span>}
            </h3>
            <p dir="auto">{text}</p>
          </li>
        ))}
      </ol>
    </Sheet>
  ));
}
