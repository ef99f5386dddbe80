/** A model from an address: checked as far as one can see without asking anybody. */
import { Download } from 'lucide-preact';
import { useSignal } from '@preact/signals';
import { get } from '../models/library.ts';
import { addressOf, type StoredSource } from '../models/store.ts';
import { openOverlay } from '../state/overlays.ts';
import { Button } from './button.tsx';
import { TextField } from './fields.tsx';
import { Note } from './parts.tsx';
import { Sheet } from './sheet.tsx';

export function openAddModel(): void {
  openOverlay((close) => <AddModel onClose={close} />);
}

interface Address {
  readonly source: StoredSource;
  readonly name: string;
  readonly host: string;
}

/** `https://host/file.gguf`, or `org/repo/file.gguf` on Hugging Face. @returns what is wrong with it, otherwise */
export function parseAddress(text: string): Address | string {
  const given = text.trim();
  const hf =
    /^(?:https:\/\/huggingface\.co\/)?([\w.-]+\/[\w.-]+)\/(?:(?:resolve|blob)\/main\/)?([\w./-]+\.gguf)(?:\?\S*)?$/i.exec(
      given,
    );
  if (hf) {
    const path = `${hf[1]}/${hf[2]}`;
    return { source: { hf: path }, name: hf[2]!.split('/').at(-1)!, host: new URL(addressOf(path)).host };
  }
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (!url || !/^https?:$/.test(url.protocol))
    return 'An address begins with https://, a Hugging Face path is org/repo/file.gguf.';
  const name = decodeURIComponent(url.pathname.split('/').at(-1)!);
  if (!/\.gguf$/i.test(name)) return 'The address should end with a file name like model.gguf.';
  return { source: { url: url.href }, name, host: url.host };
}

function AddModel({ onClose }: { readonly onClose: () => void }) {
  const text = useSignal('');
  const address = text.value.trim() === '' ? undefined : parseAddress(text.value);
  const isGood = typeof address === 'object';
  const start = () => {
    if (!isGood) return;
    onClose();
    void get(address.name, address.source);
  };
  return (
    <Sheet
      title="A model from an address"
      onClose={onClose}
      actions={
        <Button look="primary wide" icon={Download} disabled={!isGood} onClick={start}>
          {isGood ? `Get ${address.name}` : 'Get'}
        </Button>
      }
    >
      <form
        class="stack spaced"
        onSubmit={(event) => {
          event.preventDefault();
          start();
        }}
      >
        <TextField
          label="Address"
          type="url"
          placeholder="org/repo/model-Q4_K_M.gguf"
          hint="The first file of a split model brings the others along."
          value={text.value}
          onInput={(value) => (text.value = value)}
          isFirst
        />
        {typeof address === 'string' && text.value.length > 6 && <Note kind="warn">{address}</Note>}
        {isGood && (
          <Note>
            This asks <strong>{address.host}</strong> for the file. That host sees your IP address and which file it is,
            nothing else.
          </Note>
        )}
      </form>
    </Sheet>
  );
}
