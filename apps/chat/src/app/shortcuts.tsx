/** Keys, and the list of them. */
import { isBusy, stop } from '../state/answering.ts';
import { current, branch, startNew } from '../state/conversations.ts';
import { draftFocus, writeDraft } from '../state/draft.ts';
import { openOverlay, overlays } from '../state/overlays.ts';
import { goTo, screen } from '../state/route.ts';
import { sidebar } from '../state/settings.ts';
import { isWide } from '../state/viewport.ts';
import { openDrawer } from '../ui/drawer.tsx';
import { openModelSheet } from '../ui/model_sheet.tsx';
import { Sheet } from '../ui/sheet.tsx';
import { copy } from './sharing.ts';

interface Shortcut {
  readonly keys: string;
  readonly about: string;
  readonly run: () => void;
}

const isMac = /Mac|iP(hone|ad)/.test(navigator.platform);
const mod = isMac ? '⌘' : 'Ctrl';

/** By what the key says, together with Ctrl (⌘) and Shift. */
const withShift: Readonly<Record<string, Shortcut>> = {
  o: { keys: `${mod} Shift O`, about: 'New chat', run: startNew },
  m: { keys: `${mod} Shift M`, about: 'Choose a model', run: openModelSheet },
  s: { keys: `${mod} Shift S`, about: 'Show or hide the list of chats', run: toggleList },
  c: { keys: `${mod} Shift C`, about: 'Copy the latest answer', run: copyLatest },
};

const others: readonly Omit<Shortcut, 'run'>[] = [
  { keys: 'Enter', about: 'Send' },
  { keys: 'Shift Enter', about: 'New line' },
  { keys: '↑ (empty message)', about: 'Your latest message once more' },
  { keys: 'Esc', about: 'Stop the answer; close what lies above' },
  { keys: '/', about: 'Write a message' },
  { keys: `${mod} ,`, about: 'Settings' },
  { keys: '?', about: 'This list' },
];

function toggleList(): void {
  if (isWide.value) sidebar.value = !sidebar.value;
  else openDrawer();
}

function copyLatest(): void {
  const answer = branch.value.findLast(({ role }) => role === 'assistant');
  if (answer) void copy(answer.text);
}

const isField = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (/^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || target.isContentEditable);

export function listenToKeys(): void {
  addEventListener('keydown', (event) => {
    const { key, ctrlKey, metaKey, shiftKey, target, defaultPrevented } = event;
    if (defaultPrevented || overlays.value.length > 0) return;
    const isMod = isMac ? metaKey : ctrlKey;
    const run = isMod ? (shiftKey ? withShift[key.toLowerCase()]?.run : withMod[key]) : plainKey(key, target);
    if (!run) return;
    event.preventDefault();
    run();
  });
}

const withMod: Readonly<Record<string, () => void>> = { ',': () => goTo('settings') };

function plainKey(key: string, target: EventTarget | null): (() => void) | undefined {
  if (key === 'Escape' && isBusy()) return stop;
  if (key === 'ArrowUp' && target instanceof HTMLTextAreaElement && target.value === '') return recall;
  if (isField(target)) return undefined;
  if (key === '?') return openShortcuts;
  if (key === '/' && screen.value === 'chat') return () => void draftFocus.value++;
  return undefined;
}

function recall(): void {
  const question = current.value && branch.value.findLast(({ role }) => role === 'user');
  if (question) writeDraft(question.text);
}

export function openShortcuts(): void {
  openOverlay((close) => (
    <Sheet title="Keyboard" onClose={close}>
      <dl class="facts">
        {[...others, ...Object.values(withShift)].map(({ keys, about }) => (
          <div key={keys}>
            <dt>{about}</dt>
            <dd>
              <kbd>{keys}</kbd>
            </dd>
          </div>
        ))}
      </dl>
    </Sheet>
  ));
}
