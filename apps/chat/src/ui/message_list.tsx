/** The messages of the branch that is shown. The list follows an answer while the reader is at its end, and lets go when they scroll up. */
import { ArrowDown } from 'lucide-preact';
import { useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { writingId } from '../state/answering.ts';
import { branch, current } from '../state/conversations.ts';
import { IconButton } from './button.tsx';
import { Message } from './message.tsx';

/** So near to the end counts as being there. */
const NEAR = 48;

export function MessageList() {
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  const isAway = useSignal(false);
  const toEnd = (behavior: ScrollBehavior = 'auto') => {
    follows.current = true;
    scroller.current!.scrollTo({ top: scroller.current!.scrollHeight, behavior });
  };
  useLayoutEffect(() => toEnd(), [current.value?.id, writingId.value]);
  useEffect(() => {
    const watch = new ResizeObserver(() => {
      if (follows.current) toEnd();
      else isAway.value = distance() > NEAR;
    });
    watch.observe(content.current!);
    watch.observe(scroller.current!);
    return () => watch.disconnect();
  }, []);
  const distance = () => {
    const { scrollHeight, scrollTop, clientHeight } = scroller.current!;
    return scrollHeight - scrollTop - clientHeight;
  };
  const onScroll = () => {
    follows.current = distance() <= NEAR;
    isAway.value = distance() > 4 * NEAR;
  };
  return (
    <div class="messages-frame">
      <div
        ref={scroller}
        class="messages-scroll"
        onScroll={onScroll}
        tabIndex={0}
        role="log"
        aria-label="Messages"
        aria-live="off"
      >
        <div ref={content} class="messages">
          {branch.value.map((message) => (
            <Message key={message.id} message={message} />
          ))}
        </div>
      </div>
      {isAway.value && (
        <IconButton icon={ArrowDown} label="To the latest message" look="jump" onClick={() => toEnd('smooth')} />
      )}
    </div>
  );
}
