/** The page: a list beside the conversation where there is room, one screen at a time, and what lies above. */
import type { FunctionComponent } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { overlays } from '../state/overlays.ts';
import { screen, type Screen } from '../state/route.ts';
import { sidebar } from '../state/settings.ts';
import { isWide } from '../state/viewport.ts';
import { AboutScreen } from '../ui/about_screen.tsx';
import { ChatScreen, isFirstRun } from '../ui/chat_screen.tsx';
import { ConversationList } from '../ui/conversation_list.tsx';
import { ModelsScreen } from '../ui/models_screen.tsx';
import { Overlays } from '../ui/modal.tsx';
import { Notices, Voice } from '../ui/notice_bar.tsx';
import { PersonasScreen } from '../ui/personas_screen.tsx';
import { PrivacyScreen } from '../ui/privacy_screen.tsx';
import { SettingsScreen } from '../ui/settings_screen.tsx';

const screens: Readonly<Record<Screen, FunctionComponent>> = {
  chat: ChatScreen,
  models: ModelsScreen,
  personas: PersonasScreen,
  settings: SettingsScreen,
  privacy: PrivacyScreen,
  about: AboutScreen,
};

export function App() {
  const Shown = screens[screen.value];
  const frame = useRef<HTMLElement>(null);
  useEffect(() => {
    // A screen reader begins at the title of a new screen.
    if (screen.value !== 'chat') frame.current!.querySelector<HTMLElement>('.screen-title')?.focus();
  }, [screen.value]);
  return (
    <div class="app">
      {isWide.value && sidebar.value && !(screen.value === 'chat' && isFirstRun()) && (
        <aside class="sidebar">
          <ConversationList />
        </aside>
      )}
      <main ref={frame} class="main">
        <Shown key={screen.value} />
      </main>
      <Overlays />
      {overlays.value.length === 0 && <Notices />}
      <Voice />
    </div>
  );
}
