/** The list of chats as a drawer, where there is no room beside the conversation. */
import { openOverlay } from '../state/overlays.ts';
import { ConversationList } from './conversation_list.tsx';
import { Modal } from './modal.tsx';

export function openDrawer(): void {
  openOverlay((close) => (
    <Modal look="drawer" label="Chats" onClose={close}>
      <div class="drawer-inner">
        <ConversationList onLeave={close} />
      </div>
    </Modal>
  ));
}
