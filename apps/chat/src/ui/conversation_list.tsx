/** Chats on this device: search, a list by days, and the ways to the other screens. */
import { Box, MessagesSquare, PanelLeft, Search, SearchX, Settings, SquarePen, UserRound, X } from 'lucide-preact';
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { dayGroup } from '../app/format.ts';
import * as conversations from '../state/conversations.ts';
import { goTo, screen, type Screen } from '../state/route.ts';
import { sidebar } from '../state/settings.ts';
import { isWide } from '../state/viewport.ts';
import type { Conversation, SearchHit } from '../storage/index.ts';
import { Button, IconButton } from './button.tsx';
import { ConversationRow } from './conversation_row.tsx';
import { Logo, Note } from './parts.tsx';

interface ListProps {
  /** After something was chosen. */
  readonly onLeave?: () => void;
}

export function ConversationList({ onLeave = () => undefined }: ListProps) {
  const query = useSignal('');
  const hits = useSignal<readonly SearchHit[]>([]);
  useEffect(() => {
    const timer = setTimeout(async () => {
      hits.value = query.value.trim() === '' ? [] : await conversations.search(query.value);
    }, 120);
    return () => clearTimeout(timer);
  }, [query.value]);
  const start = () => {
    conversations.startNew();
    onLeave();
  };
  return (
    <nav class="list" aria-label="Chats">
      <div class="list-head">
        <Logo size={30} />
        <span class="wordmark grow">thimble</span>
        {isWide.value ? (
          <IconButton icon={PanelLeft} label="Hide the list" onClick={() => (sidebar.value = false)} />
        ) : (
          <IconButton icon={X} label="Close" onClick={onLeave} />
        )}
      </div>
      <div class="list-tools">
        <Button look="primary wide" icon={SquarePen} onClick={start}>
          New chat
        </Button>
        <div class="search">
          <Search size={18} aria-hidden="true" />
          <input
            class="input"
            type="search"
            aria-label="Search chats"
            placeholder="Search"
            value={query.value}
            onInput={({ currentTarget }) => (query.value = currentTarget.value)}
          />
          {query.value !== '' && (
            <IconButton icon={X} size={18} label="Clear the search" onClick={() => (query.value = '')} />
          )}
        </div>
      </div>
      {!conversations.isKept.value && (
        <div class="list-note">
          <Note kind="warn">
            This browser keeps nothing here: chats last as long as this tab. Export those you want.
          </Note>
        </div>
      )}
      <div class="list-scroll">
        {query.value.trim() === '' ? <ByDays onLeave={onLeave} /> : <Found hits={hits.value} onLeave={onLeave} />}
      </div>
      <Ways onLeave={onLeave} />
    </nav>
  );
}

function ByDays({ onLeave }: Required<ListProps>) {
  const all = conversations.shown.value;
  if (all.length === 0 && conversations.isListed.value) {
    return (
      <div class="empty">
        <MessagesSquare size={32} strokeWidth={1.5} aria-hidden="true" />
        <p>Chats you begin are kept here, on this device.</p>
      </div>
    );
  }
  const groups = new Map<string, Conversation[]>();
  for (const conversation of all) {
    const group = conversation.isPinned ? 'Pinned' : dayGroup(conversation.updatedAt);
    groups.set(group, [...(groups.get(group) ?? []), conversation]);
  }
  return (
    <>
      {[...groups].map(([group, members]) => (
        <section key={group} aria-label={group}>
          <h2 class="list-group">{group}</h2>
          <ul>
            {members.map((conversation) => (
              <ConversationRow key={conversation.id} conversation={conversation} onLeave={onLeave} />
            ))}
          </ul>
        </section>
      ))}
    </>
  );
}

function Found({ hits, onLeave }: { readonly hits: readonly SearchHit[] } & Required<ListProps>) {
  if (hits.length === 0) {
    return (
      <div class="empty">
        <SearchX size={32} strokeWidth={1.5} aria-hidden="true" />
        <p>Nothing found.</p>
      </div>
    );
  }
  return (
    <ul>
      {hits.map((hit) => {
        const conversation = conversations.shown.value.find(({ id }) => id === hit.conversationId);
        const key = `${hit.conversationId} ${hit.messageId}`;
        return conversation && <ConversationRow key={key} conversation={conversation} hit={hit} onLeave={onLeave} />;
      })}
    </ul>
  );
}

const ways: readonly { readonly to: Screen; readonly label: string; readonly icon: typeof Box }[] = [
  { to: 'models', label: 'Models', icon: Box },
  { to: 'personas', label: 'Personas', icon: UserRound },
  { to: 'settings', label: 'Settings', icon: Settings },
];

function Ways({ onLeave }: Required<ListProps>) {
  return (
    <div class="ways">
      {ways.map(({ to, label, icon: Icon }) => (
        <button
          key={to}
          type="button"
          class="way"
          aria-current={screen.value === to ? 'page' : undefined}
          onClick={() => {
            goTo(to);
            onLeave();
          }}
        >
          <Icon size={21} strokeWidth={1.9} aria-hidden="true" />
          {label}
        </button>
      ))}
    </div>
  );
}
