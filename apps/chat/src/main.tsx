import { render } from 'preact';
import { App } from './app/app.tsx';
import { watchNetwork } from './app/network.ts';
import { begin as beginOffline } from './app/offline.ts';
import { listenToKeys } from './app/shortcuts.tsx';
import { begin as beginDownloads } from './models/downloads.ts';
import { openLast, refresh } from './models/library.ts';
import { begin as beginAttachments } from './state/attachments.ts';
import { begin as beginConversations } from './state/conversations.ts';
import { begin as beginPersonas } from './state/personas.ts';
import { showLook } from './state/settings.ts';
import { lookForDictation } from './state/speech.ts';
import { followKeyboard } from './state/viewport.ts';
import { resumeAddress } from './ui/add_model.tsx';
import './styles/tokens.css';
import './styles/base.css';
import './styles/controls.css';
import './styles/layout.css';
import './styles/chat.css';
import './styles/screens.css';
import './styles/markdown.css';

async function beginModels(): Promise<void> {
  await refresh();
  beginDownloads();
  resumeAddress();
  await openLast();
}

watchNetwork();
showLook();
followKeyboard();
listenToKeys();
render(<App />, document.getElementById('app')!);
void beginConversations();
void beginPersonas();
beginAttachments();
void beginModels();
void lookForDictation();
beginOffline();
