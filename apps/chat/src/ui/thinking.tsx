/** What the model thought before it answered, folded. */
import { ChevronRight } from 'lucide-preact';
import { seconds } from '../app/format.ts';

interface ThinkingProps {
  readonly text: string;
  readonly ms: number | undefined;
  readonly isLive: boolean;
}

export function Thinking({ text, ms, isLive }: ThinkingProps) {
  return (
    <details class={isLive ? 'thinking live' : 'thinking'}>
      <summary>
        <ChevronRight size={17} class="turns" aria-hidden="true" />
        {isLive ? 'Thinking…' : 'Thoughts'}
        {ms !== undefined && ms > 0 && <span class="numbers">{seconds(ms)}</span>}
      </summary>
      <div class="thinking-text" dir="auto">
        {text.trim()}
      </div>
    </details>
  );
}
