/** One chat of the list. */
import { Download, Ellipsis, Pencil, Pin, PinOff, Trash2 } from 'lucide-preact';
import type { ComponentChild } from 'preact';
import { stop, writing } from '../state/answering.ts';
import * as conversations from '../state/conversations.ts';
import { goTo } from '../state/route.ts';
import type { Conversation, SearchHit } from '../storage/index.ts';
import { IconButton } from './button.tsx';
import { openMenu } from './menu.tsx';
import { ask } from './sheet.tsx';

interface RowProps {
  readonly conversation: Conversation;
  /** What a search found in it. */
  readonly hit?: SearchHit;
  readonly onLeave: () => void;
}

export function ConversationRow({ conversation, hit, onLeave }: RowProps) {
  const { id, title } = conversation;
  const isCurrent = conversations.current.value?.id === id;
  return (
    <li class={isCurrent ? 'chat-row current' : 'chat-row'}>
      <button
        type="button"
        class="chat-link"
        aria-current={isCurrent ? 'true' : undefined}
        onClick={() => {
          goTo('chat', id);
          onLeave();
        }}
      >
        <span class="clip" dir="auto">
          {title}
        </span>
        {hit?.messageId !== undefined && (
          <span class="chat-excerpt" dir="auto">
            {marked(hit)}
          </span>
        )}
      </button>
      <IconButton
        icon={Ellipsis}
        label={`More about ${title}`}
        aria-haspopup="menu"
        onClick={({ currentTarget }) => openMenu(currentTarget, title, itemsOf(conversation))}
      />
    </li>
  );
}

const itemsOf = (conversation: Conversation) => [
  {
    icon: Pencil,
    label: 'Rename',
    run: () =>
      ask({
        title: 'Rename the chat',
        label: 'Title',
        value: conversation.title,
        run: (title) => void conversations.rename(conversation.id, title),
      }),
  },
  {
    icon: conversation.isPinned ? PinOff : Pin,
    label: conversation.isPinned ? 'Unpin' : 'Pin to the top',
    run: () => void conversations.change(conversation.id, { isPinned: !conversation.isPinned }),
  },
  { icon: Download, label: 'Export as JSON', run: () => void conversations.exportJson(conversation) },
  { icon: Trash2, label: 'Delete', isDanger: true, run: () => remove(conversation) },
];

function remove(conversation: Conversation): void {
  if (writing.value?.conversationId === conversation.id) stop();
  conversations.remove(conversation);
}

/** An excerpt with its matches marked. */
function marked({ excerpt, marks }: SearchHit): ComponentChild[] {
  const parts: ComponentChild[] = [];
  let at = 0;
  for (const [begin, end] of marks) {
    parts.push(excerpt.slice(at, begin), <mark key={begin}>{excerpt.slice(begin, end)}</mark>);
    at = end;
  }
  return [...parts, excerpt.slice(at)];
}
