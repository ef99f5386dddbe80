/** A model from an address. */
import { ArrowRight } from 'lucide-preact';
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { decoded } from '../app/decoded.ts';
import { titleOf } from '../models/library.ts';
import { addressOf, type DownloadSource } from '../models/store.ts';
import { allowHost } from '../offline/index.ts';
import { openOverlay } from '../state/overlays.ts';
import { goTo } from '../state/route.ts';
import { Button } from './button.tsx';
import { TextField } from './fields.tsx';
import { openOffer } from './offer_sheet.tsx';
import { Note } from './parts.tsx';
import { Sheet } from './sheet.tsx';

export function openAddModel(resumed?: string): void {
  openOverlay((close) => <AddModel resumed={resumed} onClose={close} />);
}

interface Address {
  readonly source: DownloadSource;
  /** What it is called in the store. */
  readonly id: string;
  readonly host: string;
}

const hfPath =
  /^(?:https:\/\/huggingface\.co\/)?([\w.-]+\/[\w.-]+)\/(?:(?:resolve|blob)\/main\/)?([\w./-]+\.gguf)(?:\?\S*)?$/i;

/** `https://host/file.gguf`, or `org/repo/file.gguf` on Hugging Face. @returns what is wrong with it, otherwise */
export function parseAddress(text: string): Address | string {
  const given = text.trim();
  const hf = hfPath.exec(given);
  if (hf) {
    const path = `${hf[1]}/${hf[2]}`;
    return { source: { hf: path }, id: path, host: new URL(addressOf(path)).host };
  }
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (!url || !/^https?:$/.test(url.protocol))
    return 'An address begins with https://, a Hugging Face path is org/repo/file.gguf.';
  const name = decoded(url.pathname.split('/').at(-1)!);
  if (!name || !/\.gguf$/i.test(name)) return 'The address should end with a file name like model.gguf.';
  return { source: { url: url.href, name }, id: name, host: url.host };
}

interface AddModelProps {
  /** The address whose host this page has been reloaded for. */
  readonly resumed: string | undefined;
  readonly onClose: () => void;
}

function AddModel({ resumed, onClose }: AddModelProps) {
  const text = useSignal(resumed ?? '');
  const why = useSignal('');
  const isAsking = useSignal(false);
  const address = text.value.trim() === '' ? undefined : parseAddress(text.value);
  const isGood = typeof address === 'object';
  const start = async () => {
    if (!isGood || isAsking.value) return;
    isAsking.value = true;
    why.value = await trouble(address, text.value, resumed);
    isAsking.value = false;
    if (why.value !== '') return;
    onClose();
    openOffer({ id: address.id, name: titleOf(address.id), from: { source: address.source } });
  };
  useEffect(() => void (resumed !== undefined && start()), []);
  const problem = why.value || (typeof address === 'string' && text.value.length > 6 ? address : '');
  return (
    <Sheet
      title="A model from an address"
      onClose={onClose}
      actions={
        <Button look="primary wide" disabled={!isGood || isAsking.value} onClick={() => void start()}>
          {isAsking.value ? 'Asking the host…' : 'Look at it'}
          <ArrowRight size={18} class="turns" aria-hidden="true" />
        </Button>
      }
    >
      <form
        class="stack spaced"
        onSubmit={(event) => {
          event.preventDefault();
          void start();
        }}
      >
        <TextField
          label="Address"
          placeholder="org/repo/model-Q4_K_M.gguf"
          hint="The first file of a split model brings the others along."
          value={text.value}
          onInput={(value) => {
            text.value = value;
            why.value = '';
          }}
          isFirst
        />
        {problem !== '' && <Note kind="warn">{problem}</Note>}
        {isGood && problem === '' && (
          <Note>
            This asks <strong>{address.host}</strong> for the file. That host sees your IP address and which file it is,
            nothing else.
          </Note>
        )}
      </form>
    </Sheet>
  );
}

/** Where an address waits for the page that a reload makes. No link from elsewhere can put one there. */
const waitingKey = 'address';

/** Why the page may not ask the host; empty where it may. The page's policy changes by a reload, after which the host is asked. */
async function trouble({ source, host }: Address, text: string, resumed: string | undefined): Promise<string> {
  if ('hf' in source) return '';
  try {
    if ((await allowHost(String(source.url))) === 'now') return '';
    if (text === resumed) return `This page may not talk to ${host}: download the file and open it here.`;
    sessionStorage.setItem(waitingKey, text);
    goTo('models');
    location.reload();
    return 'The page reloads, to be allowed to talk to this host.';
  } catch (error) {
    return (error as Error).message;
  }
}

/** Goes on with the address that the page was reloaded for. */
export function resumeAddress(): void {
  const address = waiting();
  if (address !== null) openAddModel(address);
}

function waiting(): string | null {
  try {
    const address = sessionStorage.getItem(waitingKey);
    sessionStorage.removeItem(waitingKey);
    return address;
  } catch {
    return null; // no storage here: then no page waits for another
  }
}
