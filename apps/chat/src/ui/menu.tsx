/** Menus: beside their button where there is room, from below on phones. */
import type { LucideIcon } from 'lucide-preact';
import { openOverlay } from '../state/overlays.ts';
import { isWide } from '../state/viewport.ts';
import { Modal } from './modal.tsx';

export interface MenuItem {
  readonly icon: LucideIcon;
  readonly label: string;
  readonly run: () => void;
  readonly isDanger?: boolean;
}

/** Opens a menu beside a button. */
export function openMenu(button: Element, label: string, items: readonly (MenuItem | undefined | false)[]): void {
  const place = button.getBoundingClientRect();
  const given = items.filter((item): item is MenuItem => Boolean(item));
  openOverlay((close) => <Menu label={label} place={place} items={given} onClose={close} />);
}

interface MenuProps {
  readonly label: string;
  readonly place: DOMRect;
  readonly items: readonly MenuItem[];
  readonly onClose: () => void;
}

const WIDTH = 240;

function placeOf(place: DOMRect, nItems: number): Record<string, string> {
  const height = nItems * 46 + 16;
  const top = place.bottom + height + 8 > innerHeight ? Math.max(8, place.top - height - 4) : place.bottom + 4;
  const isInLeftHalf = place.left + place.right < innerWidth; // it opens towards the middle
  const left = Math.min(Math.max(8, isInLeftHalf ? place.left : place.right - WIDTH), innerWidth - WIDTH - 8);
  return { top: `${top}px`, left: `${left}px` };
}

function moveFocus(event: KeyboardEvent): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const buttons = [...(event.currentTarget as Element).querySelectorAll('button')];
  const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
  buttons[(at + step + buttons.length) % buttons.length]!.focus();
}

function Menu({ label, place, items, onClose }: MenuProps) {
  return (
    <Modal look="menu" label={label} style={isWide.value ? placeOf(place, items.length) : {}} onClose={onClose}>
      <div class="menu-inner" role="menu" aria-label={label} onKeyDown={moveFocus}>
        {items.map(({ icon: Icon, label, run, isDanger }) => (
          <button
            key={label}
            type="button"
            role="menuitem"
            class={isDanger ? 'menu-item danger' : 'menu-item'}
            onClick={() => {
              onClose();
              run();
            }}
          >
            <Icon size={20} strokeWidth={1.9} aria-hidden="true" />
            {label}
          </button>
        ))}
      </div>
    </Modal>
  );
}
