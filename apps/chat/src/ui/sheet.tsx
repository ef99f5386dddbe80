/** Sheets: from below on phones, in the middle elsewhere. */
import { X } from 'lucide-preact';
import type { ComponentChildren } from 'preact';
import { useId, useState } from 'preact/hooks';
import { openOverlay } from '../state/overlays.ts';
import { Button, IconButton } from './button.tsx';
import { TextField } from './fields.tsx';
import { Modal } from './modal.tsx';

interface SheetProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
  readonly actions?: ComponentChildren;
}

export function Sheet({ title, onClose, children, actions }: SheetProps) {
  const id = useId();
  return (
    <Modal look="sheet" labelledBy={id} onClose={onClose}>
      <div class="sheet-inner">
        <header class="sheet-head">
          <h2 id={id} class="grow clip">
            {title}
          </h2>
          <IconButton icon={X} label="Close" onClick={onClose} />
        </header>
        <div class="sheet-body">{children}</div>
        {actions && <footer class="sheet-actions">{actions}</footer>}
      </div>
    </Modal>
  );
}

interface Question {
  readonly title: string;
  readonly text: string;
  readonly yes: string;
  readonly run: () => void;
}

/** Asks before something that cannot be undone. */
export function confirm({ title, text, yes, run }: Question): void {
  openOverlay((close) => (
    <Sheet
      title={title}
      onClose={close}
      actions={
        <>
          <Button look="outline grow" onClick={close}>
            Cancel
          </Button>
          <Button
            look="danger grow"
            onClick={() => {
              close();
              run();
            }}
          >
            {yes}
          </Button>
        </>
      }
    >
      <p class="muted">{text}</p>
    </Sheet>
  ));
}

interface Asked {
  readonly title: string;
  readonly label: string;
  readonly value: string;
  readonly run: (value: string) => void;
}

/** Asks for one line of text. */
export function ask(asked: Asked): void {
  openOverlay((close) => <AskSheet {...asked} onClose={close} />);
}

function AskSheet({ title, label, value, run, onClose }: Asked & { readonly onClose: () => void }) {
  const [text, setText] = useState(value);
  const done = () => {
    if (text.trim() === '') return;
    onClose();
    run(text.trim());
  };
  return (
    <Sheet
      title={title}
      onClose={onClose}
      actions={
        <Button look="primary wide" disabled={text.trim() === ''} onClick={done}>
          Save
        </Button>
      }
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          done();
        }}
      >
        <TextField label={label} value={text} onInput={setText} isFirst />
      </form>
    </Sheet>
  );
}
