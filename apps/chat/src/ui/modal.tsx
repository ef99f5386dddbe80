/** What lies above the page: the browser's own dialogue keeps the focus inside, closes at Escape and at a phone's Back. */
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { closeOverlay, overlays } from '../state/overlays.ts';
import { Notices } from './notice_bar.tsx';

interface ModalProps {
  readonly look: string;
  readonly onClose: () => void;
  readonly labelledBy?: string;
  readonly label?: string;
  readonly style?: Record<string, string>;
  readonly children: ComponentChildren;
}

export function Modal({ look, onClose, labelledBy, label, style = {}, children }: ModalProps) {
  const ref = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const before = document.activeElement;
    const dialog = ref.current!;
    dialog.showModal();
    (dialog.querySelector<HTMLElement>('[autofocus]') ?? dialog).focus({ preventScroll: true });
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={ref}
      class={look}
      tabIndex={-1}
      style={style}
      aria-labelledby={labelledBy}
      aria-label={label}
      onClose={onClose}
      onClick={({ target }) => target === ref.current && onClose()}
    >
      {children}
      <Notices />
    </dialog>
  );
}

/** Everything that lies above the page. */
export function Overlays() {
  return (
    <>
      {overlays.value.map(({ id, render }) => (
        <div key={id}>{render(() => closeOverlay(id))}</div>
      ))}
    </>
  );
}
