/** Where one writes. Enter sends where there is a keyboard; on phones it makes a new line. */
import { ArrowUp, FileText, Mic, Paperclip, Square, X } from 'lucide-preact';
import { useSignal, type Signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { bytes } from '../app/format.ts';
import { engine } from '../models/engine.ts';
import { isBusy, send, stop, writingId } from '../state/answering.ts';
import { attach, attached, detach, documentTypes, type Attached } from '../state/attachments.ts';
import { current } from '../state/conversations.ts';
import { draft, draftFocus } from '../state/draft.ts';
import { canDictate, dictate, isDictating, stopDictating } from '../state/speech.ts';
import { isTouch } from '../state/viewport.ts';
import { IconButton } from './button.tsx';

export function Composer() {
  const area = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    if (!isTouch.value) area.current!.focus({ preventScroll: true });
  }, [current.value?.id, draftFocus.value]);
  useEffect(() => {
    const { style } = area.current!;
    style.height = 'auto';
    style.height = `${area.current!.scrollHeight}px`;
  }, [draft.value]);
  const submit = () => {
    const text = draft.value.trim();
    if (text === '' || isBusy() || attached.value.some(({ state }) => state === 'reading')) return;
    draft.value = '';
    void send(text);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing || isTouch.value) return;
    event.preventDefault();
    submit();
  };
  return (
    <div class="composer-frame">
      <form
        class="composer"
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <Files />
        <div class="composer-row">
          <AttachButton />
          <textarea
            ref={area}
            class="composer-text"
            rows={1}
            dir="auto"
            aria-label="Message"
            placeholder="Message"
            enterkeyhint={isTouch.value ? 'enter' : 'send'}
            value={draft.value}
            onInput={({ currentTarget }) => (draft.value = currentTarget.value)}
            onKeyDown={onKeyDown}
          />
          <DictateButton text={draft} />
          <SendButton isEmpty={draft.value.trim() === ''} />
        </div>
      </form>
      <p class="small-print">
        {engine.value.type === 'ready' ? 'Answers are made on this device, and may be wrong.' : '\u00a0'}
      </p>
    </div>
  );
}

function SendButton({ isEmpty }: { readonly isEmpty: boolean }) {
  if (writingId.value) return <IconButton icon={Square} size={17} label="Stop" look="send stop" onClick={stop} />;
  return <IconButton icon={ArrowUp} label="Send" look="send" type="submit" disabled={isEmpty} />;
}

function AttachButton() {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <IconButton icon={Paperclip} label="Attach documents" onClick={() => input.current!.click()} />
      <input
        ref={input}
        type="file"
        hidden
        multiple
        accept={documentTypes}
        onChange={({ currentTarget }) => {
          attach([...(currentTarget.files ?? [])]);
          currentTarget.value = '';
        }}
      />
    </>
  );
}

function DictateButton({ text }: { readonly text: Signal<string> }) {
  const before = useSignal('');
  if (!canDictate.value) return null;
  const toggle = () => {
    if (isDictating.value) return stopDictating();
    before.value = text.value;
    dictate((heard) => (text.value = `${before.value}${before.value ? ' ' : ''}${heard}`));
  };
  return (
    <IconButton
      icon={Mic}
      label={isDictating.value ? 'Stop dictation' : 'Dictate'}
      aria-pressed={isDictating.value}
      onClick={toggle}
    />
  );
}

function Files() {
  if (attached.value.length === 0) return null;
  return (
    <ul class="files">
      {attached.value.map((file) => (
        <li key={file.id} class={`file-chip ${file.state}`}>
          {file.state === 'reading' ? <span class="spinner" /> : <FileText size={16} aria-hidden="true" />}
          <span class="clip">
            {file.name}
            <span class="file-state">{stateOf(file)}</span>
          </span>
          <IconButton icon={X} size={16} label={`Remove ${file.name}`} onClick={() => detach(file.id)} />
        </li>
      ))}
    </ul>
  );
}

const stateOf = ({ state, sizeBytes, part, why }: Attached): string =>
  ({ reading: `reading ${Math.round(100 * part)} %`, ready: bytes(sizeBytes), failed: why ?? 'could not be read' })[
    state
  ];
