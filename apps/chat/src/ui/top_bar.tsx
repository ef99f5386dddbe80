/** The bar above a screen. */
import { ArrowLeft, ChevronDown, Menu, PanelLeft, SlidersHorizontal, SquarePen } from 'lucide-preact';
import type { ComponentChildren } from 'preact';
import { openDrawer } from './drawer.tsx';
import { IconButton } from './button.tsx';
import { openModelSheet } from './model_sheet.tsx';
import { openStyleSheet } from './style_sheet.tsx';
import { engine } from '../models/engine.ts';
import { current, startNew } from '../state/conversations.ts';
import { currentPersona } from '../state/personas.ts';
import { goBack } from '../state/route.ts';
import { sidebar } from '../state/settings.ts';
import { isWide } from '../state/viewport.ts';

/** The way to the list of chats, and the bar of a conversation. */
export function ChatBar() {
  const hasSidebar = isWide.value && sidebar.value;
  return (
    <header class="top-bar">
      {current.value && <h1 class="sr">{current.value.title}</h1>}
      {!hasSidebar && (
        <IconButton
          icon={isWide.value ? PanelLeft : Menu}
          label="Chats"
          onClick={() => (isWide.value ? (sidebar.value = true) : openDrawer())}
        />
      )}
      <ModelButton />
      <IconButton icon={SlidersHorizontal} label="Persona and style" onClick={openStyleSheet} />
      <IconButton icon={SquarePen} label="New chat" onClick={startNew} disabled={current.value === null} />
    </header>
  );
}

const states = {
  none: '',
  opening: 'Opening…',
  ready: '',
  failed: 'Not open',
} as const;

/** Who answers, and a way to change that. */
function ModelButton() {
  const state = engine.value;
  const name = state.type === 'none' ? 'Choose a model' : state.name;
  const persona = currentPersona.value;
  const title = current.value?.title;
  const under = states[state.type] || (persona.id === 'plain' ? '' : persona.name);
  return (
    <button type="button" class="model-button" onClick={openModelSheet} aria-haspopup="dialog">
      <span class={`dot ${state.type}`} aria-hidden="true" />
      <span class="clip">
        <span class="model-name">{name}</span>
        {(under || title) && <span class="model-under clip">{[under, title].filter(Boolean).join(' · ')}</span>}
      </span>
      <ChevronDown size={17} aria-hidden="true" />
      <span class="sr">, change model</span>
    </button>
  );
}

interface ScreenBarProps {
  readonly title: string;
  readonly children?: ComponentChildren;
}

export function ScreenBar({ title, children }: ScreenBarProps) {
  return (
    <header class="top-bar">
      <IconButton icon={ArrowLeft} label="Back" look="turns" onClick={goBack} />
      <h1 class="screen-title grow clip" tabIndex={-1}>
        {title}
      </h1>
      {children}
    </header>
  );
}
