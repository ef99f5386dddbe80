/** One message: what the user said, or what a model answered. */
import { ChevronLeft, ChevronRight, Copy, Ellipsis, FileText, Pencil, Share, Trash2 } from 'lucide-preact';
import { useSignal } from '@preact/signals';
import { copy, share } from '../app/sharing.ts';
import { edit, isBusy, removeMessage } from '../state/answering.ts';
import { documentNames } from '../state/attachments.ts';
import { messages, turnTo } from '../state/conversations.ts';
import { siblings } from '../storage/index.ts';
import type { Message as Said } from '../storage/index.ts';
import { Answer } from './answer.tsx';
import { Button, IconButton } from './button.tsx';
import { openMenu } from './menu.tsx';
import { confirm } from './sheet.tsx';

export interface MessageProps {
  readonly message: Said;
}

export function Message({ message }: MessageProps) {
  return message.role === 'user' ? <Question message={message} /> : <Answer message={message} />;
}

function Question({ message }: MessageProps) {
  const isEdited = useSignal(false);
  const isWhole = useSignal(false);
  const { text, documentIds = [] } = message;
  const isLong = text.length > LONG_QUESTION || text.split('\n').length > 14;
  if (isEdited.value) return <Editor message={message} onClose={() => (isEdited.value = false)} />;
  const names = documentNames(documentIds);
  const items = [
    { icon: Pencil, label: 'Edit and resend', run: () => (isEdited.value = true) },
    { icon: Copy, label: 'Copy', run: () => void copy(text) },
    { icon: Share, label: 'Share', run: () => void share(text) },
    removal(message),
  ];
  return (
    <article class="question">
      <h2 class="sr">You said</h2>
      {names.map((name) => (
        <span key={name} class="file-chip">
          <FileText size={16} aria-hidden="true" />
          <span class="clip">{name}</span>
        </span>
      ))}
      <div class="bubble-row">
        <IconButton
          icon={Ellipsis}
          size={19}
          label="More about your message"
          look="faint"
          aria-haspopup="menu"
          onClick={({ currentTarget }) => openMenu(currentTarget, 'Your message', items)}
        />
        <div class={isLong && !isWhole.value ? 'bubble long' : 'bubble'} dir="auto">
          {text}
        </div>
      </div>
      {isLong && (
        <Button look="quiet" onClick={() => (isWhole.value = !isWhole.value)}>
          {isWhole.value ? 'Show less' : 'Show all'}
        </Button>
      )}
      <Branches message={message} />
    </article>
  );
}

/** Longer questions are cut on the screen. */
const LONG_QUESTION = 900;

export const removal = (message: Said) => ({
  icon: Trash2,
  label: 'Delete',
  isDanger: true,
  run: () =>
    confirm({
      title: 'Delete this message?',
      text: 'All that follows it goes, too. Other branches stay.',
      yes: 'Delete',
      run: () => void removeMessage(message),
    }),
});

function Editor({ message, onClose }: MessageProps & { readonly onClose: () => void }) {
  const text = useSignal(message.text);
  const send = () => {
    if (text.value.trim() === '' || isBusy()) return;
    onClose();
    void edit(message, text.value.trim());
  };
  return (
    <div class="question editor">
      <textarea
        class="input"
        dir="auto"
        rows={Math.min(10, text.value.split('\n').length + 1)}
        aria-label="Your message"
        autoFocus
        value={text.value}
        onInput={({ currentTarget }) => (text.value = currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') onClose();
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) send();
        }}
      />
      <div class="row">
        <Button look="quiet" onClick={onClose}>
          Cancel
        </Button>
        <Button look="primary" disabled={text.value.trim() === ''} onClick={send}>
          Send again
        </Button>
      </div>
    </div>
  );
}

/** ‹ 2/3 ›: the ways that the conversation took at this place. */
export function Branches({ message }: MessageProps) {
  const all = siblings(messages.value, message);
  if (all.length < 2) return null;
  const at = all.findIndex(({ id }) => id === message.id);
  const what = message.role === 'user' ? 'question' : 'answer';
  return (
    <div class="branches" role="group" aria-label={`Versions of this ${what}`}>
      <IconButton
        icon={ChevronLeft}
        size={18}
        look="turns"
        label={`The ${what} before`}
        disabled={at === 0 || isBusy()}
        onClick={() => void turnTo(all[at - 1]!)}
      />
      <span class="numbers" aria-label={`${at + 1} of ${all.length}`}>
        {at + 1}/{all.length}
      </span>
      <IconButton
        icon={ChevronRight}
        size={18}
        look="turns"
        label={`The next ${what}`}
        disabled={at === all.length - 1 || isBusy()}
        onClick={() => void turnTo(all[at + 1]!)}
      />
    </div>
  );
}
