/** Why an answer is not whole, and what can be done. */
import { RotateCw } from 'lucide-preact';
import { troubleOf } from '../app/troubles.ts';
import { isBusy, retry } from '../state/answering.ts';
import { startNew } from '../state/conversations.ts';
import { goTo } from '../state/route.ts';
import type { Message as Said } from '../storage/index.ts';
import { Button } from './button.tsx';
import type { MessageProps } from './message.tsx';
import { Note } from './parts.tsx';

/** Why an answer ended that nobody ended. */
const endings: Readonly<Record<string, string>> = {
  loop: 'The answer went round in circles, so it was ended. Another try, or another style, may help.',
  full: 'The context is full. A new chat has room again; Settings allow a longer context.',
  length: 'This is as long as an answer may be; Continue goes on.',
};

export function AnswerTrouble({ message }: MessageProps) {
  if (message.state === 'failed') return <Failed message={message} />;
  if (message.state === 'growing') return <p class="ending">This answer is being written in another tab.</p>;
  if (message.state === 'interrupted')
    return <p class="ending">This answer was interrupted when the page went away. Continue picks it up.</p>;
  if (message.state === 'stopped') return message.text === '' ? <p class="ending">Stopped.</p> : null;
  const ending = endings[message.stats?.stopReason ?? ''];
  if (ending) return <p class="ending">{ending}</p>;
  return message.text.trim() === '' ? <p class="ending">The model said nothing. Another try may help.</p> : null;
}

const remedies: Readonly<Record<string, { readonly label: string; readonly run: () => void }>> = {
  models: { label: 'Other models', run: () => goTo('models') },
  context: { label: 'Settings', run: () => goTo('settings') },
  processor: { label: 'Settings', run: () => goTo('settings') },
  storage: { label: 'Storage', run: () => goTo('models') },
  'new-chat': { label: 'New chat', run: startNew },
  reload: { label: 'Reload', run: () => location.reload() },
};

function Failed({ message }: { readonly message: Said }) {
  const { title, text, remedy } = troubleOf(message.error ?? '');
  const other = remedies[remedy];
  return (
    <Note
      kind="no"
      title={title}
      actions={
        <>
          <Button icon={RotateCw} disabled={isBusy()} onClick={() => void retry(message)}>
            Try again
          </Button>
          {other && <Button onClick={other.run}>{other.label}</Button>}
        </>
      }
    >
      {text}
    </Note>
  );
}
