import type { AnswerEnd, AnswerWriter, Message } from './types.ts';

/** A tab that dies loses so much at most. */
const everyMs = 300;

interface Writing {
  /** Stores the message as it is now. */
  put(message: Message, options: { readonly isStrict: boolean }): Promise<void>;
  onEnd(): void;
}

export function answerWriter(first: Message, { put, onEnd }: Writing): AnswerWriter {
  let message: Message = first;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let latest: Promise<void> = Promise.resolve();
  let failure: unknown;
  const flush = (): void => {
    if (timer === undefined) return;
    clearTimeout(timer);
    timer = undefined;
    const now = message;
    latest = latest.then(() => put(now, { isStrict: false })).catch((error: unknown) => void (failure ??= error));
  };
  const page = typeof document === 'undefined' ? undefined : document;
  const onHidden = () => page!.visibilityState === 'hidden' && flush();
  page?.addEventListener('visibilitychange', onHidden);
  return {
    write(answer) {
      message = { ...message, ...answer };
      timer ??= setTimeout(flush, everyMs);
    },
    async finish(end: AnswerEnd) {
      clearTimeout(timer);
      page?.removeEventListener('visibilitychange', onHidden);
      await latest;
      try {
        await put({ ...message, ...end }, { isStrict: true });
      } catch (error) {
        throw failure ?? error;
      } finally {
        onEnd();
      }
    },
  };
}
