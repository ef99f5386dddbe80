/** What a model answered: thoughts folded, text, sources, what can be done with it, and figures. */
import { BookOpen, Copy, Ellipsis, RefreshCw, Share, Square, StepForward, Volume2 } from 'lucide-preact';
import { rate, seconds } from '../app/format.ts';
import { copy, share } from '../app/sharing.ts';
import { engine } from '../models/engine.ts';
import { canGoOn, goOn, isBusy, regenerate, writing, writingId } from '../state/answering.ts';
import { showsFigures } from '../state/settings.ts';
import { canRead, isReading, readAloud, stopReading } from '../state/speech.ts';
import type { SourcePlace } from '../storage/index.ts';
import { AnswerTrouble } from './answer_trouble.tsx';
import { Button, IconButton } from './button.tsx';
import { Markdown } from './markdown.tsx';
import { openMenu } from './menu.tsx';
import { Branches, removal, type MessageProps } from './message.tsx';
import { openSources } from './sources_sheet.tsx';
import { Thinking } from './thinking.tsx';
import { WritingState } from './writing_state.tsx';

export function Answer({ message }: MessageProps) {
  const live = writingId.value === message.id ? writing.value! : undefined; // only this answer follows each word
  const { text, thinking = '' } = live ?? message;
  return (
    <article class="answer" aria-busy={live !== undefined}>
      <h3 class="sr">{message.model ?? 'The model'} answered</h3>
      {thinking !== '' && <Thinking text={thinking} ms={live?.thoughtMs} isLive={live?.phase === 'thinking'} />}
      {text !== '' && <Markdown text={text} isWhole={!live} />}
      {message.sources && message.sources.length > 0 && <Sources sources={message.sources} />}
      {live ? <WritingState live={live} /> : <Ended message={message} />}
    </article>
  );
}

function Ended({ message }: MessageProps) {
  return (
    <>
      <AnswerTrouble message={message} />
      {canGoOn(message) && (
        <div>
          <Button look="outline" icon={StepForward} onClick={() => void goOn(message)}>
            Continue
          </Button>
        </div>
      )}
      <Actions message={message} />
    </>
  );
}

function Actions({ message }: MessageProps) {
  const { id, text, state } = message;
  const reads = isReading.value === id;
  const items = [
    { icon: Share, label: 'Share', run: () => void share(text) },
    canRead.value && !reads && { icon: Volume2, label: 'Read aloud', run: () => readAloud(id, text) },
    removal(message),
  ];
  return (
    <div class="answer-foot">
      <div class="row actions">
        {text !== '' && <IconButton icon={Copy} size={19} label="Copy" onClick={() => void copy(text)} />}
        {state !== 'failed' && (
          <IconButton
            icon={RefreshCw}
            size={19}
            label="Answer again"
            disabled={isBusy()}
            onClick={() => void regenerate(message)}
          />
        )}
        {reads && <IconButton icon={Square} size={19} label="Stop reading" onClick={stopReading} />}
        <IconButton
          icon={Ellipsis}
          size={19}
          label="More about this answer"
          aria-haspopup="menu"
          onClick={({ currentTarget }) => openMenu(currentTarget, 'This answer', items)}
        />
        <Branches message={message} />
      </div>
      {showsFigures.value && <Figures message={message} />}
    </div>
  );
}

/** Speed, time to the first word, and how full the context is. */
function Figures({ message: { stats, model } }: MessageProps) {
  if (!stats || stats.nTokens === 0) return null;
  const nCtx = engine.value.type === 'ready' ? engine.value.info.nCtx : undefined;
  const used = stats.nPromptTokens + stats.nTokens;
  const figures = [
    `${rate(stats.decodeTps)} tok/s`,
    `first word ${seconds(stats.ttftMs)}`,
    nCtx ? `context ${Math.min(100, Math.ceil((100 * used) / nCtx))} %` : `${used} tokens`,
  ];
  return (
    <p class="figures numbers" title={model}>
      {figures.join(' · ')}
    </p>
  );
}

function Sources({ sources }: { readonly sources: readonly SourcePlace[] }) {
  const names = [...new Set(sources.map(({ name }) => name))];
  return (
    <div>
      <button type="button" class="sources" onClick={() => openSources(sources)} aria-haspopup="dialog">
        <BookOpen size={17} aria-hidden="true" />
        <span class="clip">
          {sources.length} {sources.length === 1 ? 'passage' : 'passages'} from {names.join(', ')}
        </span>
      </button>
    </div>
  );
}
