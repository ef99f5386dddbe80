/** The conversation: its bar, its messages, and where one writes. */
import { engine } from '../models/engine.ts';
import { here, isListed } from '../models/library.ts';
import { branch, current, isLoading, list } from '../state/conversations.ts';
import { isWelcomed } from '../state/settings.ts';
import { Composer } from './composer.tsx';
import { FirstRun } from './first_run.tsx';
import { MessageList } from './message_list.tsx';
import { ModelTrouble } from './model_trouble.tsx';
import { ChatBar } from './top_bar.tsx';
import { Welcome } from './welcome.tsx';

/** No model has ever been open here, or none is left, and there is nothing to read. */
export const isFirstRun = (): boolean =>
  isListed.value &&
  current.value === null &&
  list.value.length === 0 &&
  (!isWelcomed.value || (here.value.length === 0 && engine.value.type !== 'ready'));

export function ChatScreen() {
  if (!isListed.value) return <div class="screen" />;
  if (isFirstRun()) return <FirstRun />;
  return (
    <div class="screen chat">
      <ChatBar />
      {isLoading.value ? <Waits /> : branch.value.length === 0 ? <Welcome /> : <MessageList />}
      <ModelTrouble />
      <Composer />
    </div>
  );
}

/** The shape of what comes. */
function Waits() {
  return (
    <div class="messages waits-for" aria-busy="true" aria-label="Opening the chat">
      <div class="shape bubble-shape" />
      <div class="shape" />
      <div class="shape" />
      <div class="shape short" />
    </div>
  );
}
