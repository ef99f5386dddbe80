/** A download: how far, how fast, how long yet, and what can be done about it. */
import { Pause, Play, RotateCw, X } from 'lucide-preact';
import { bytes, duration, percent } from '../app/format.ts';
import { cancel, canPause, downloads, goOn, pause, type DownloadState } from '../models/downloads.ts';
import { Button, IconButton } from './button.tsx';
import { Note, Progress } from './parts.tsx';

interface DownloadProps {
  readonly id: string;
  readonly name: string;
}

export function DownloadView({ id, name }: DownloadProps) {
  const state = downloads.value[id];
  if (!state) return null;
  if (state.type === 'failed') {
    return (
      <Note
        kind="no"
        title={state.trouble.title}
        actions={
          <>
            <Button icon={RotateCw} onClick={() => goOn(id)}>
              Try again
            </Button>
            <Button onClick={() => void cancel(id)}>Leave it</Button>
          </>
        }
      >
        {state.trouble.text}
      </Note>
    );
  }
  const { doneBytes, totalBytes } = state;
  const part = totalBytes ? doneBytes / totalBytes : undefined;
  const isPaused = state.type === 'paused';
  return (
    <div class="download">
      <div class="row">
        <span class="grow tiny muted numbers">
          {bytes(doneBytes)}
          {totalBytes ? ` of ${bytes(totalBytes)}` : ''} · {paceOf(state)}
        </span>
        <span class="tiny numbers">{part === undefined ? '' : percent(part)}</span>
      </div>
      <div class="row">
        <div class="grow">
          <Progress label={`Downloading ${name}`} part={part} />
        </div>
        {canPause(id) && (
          <IconButton
            icon={isPaused ? Play : Pause}
            size={19}
            label={isPaused ? `Go on downloading ${name}` : `Pause the download of ${name}`}
            onClick={() => (isPaused ? goOn(id) : pause(id))}
          />
        )}
        <IconButton icon={X} size={19} label={`Cancel the download of ${name}`} onClick={() => void cancel(id)} />
      </div>
    </div>
  );
}

const words = {
  starting: 'connecting',
  checking: 'checking what is here',
  waiting: 'waiting for the network',
  paused: 'paused',
  done: 'done',
} as const;

function paceOf(state: Exclude<DownloadState, { type: 'failed' }>): string {
  if (state.type === 'paused') return 'paused';
  if (state.state !== 'running') return words[state.state];
  if (state.bytesPerSecond === 0) return words.starting;
  const { secondsLeft } = state;
  return `${bytes(state.bytesPerSecond)}/s${secondsLeft === undefined ? '' : ` · ${duration(secondsLeft)} left`}`;
}
