import type { MarkedText } from '../chat/parts.ts';
import type { CallsOptions } from '../chat/tools/tool.ts';
import type { GenerateEvent, GenerateResult, MakingOptions } from '../protocol/generation.ts';
import type { Saving } from '../protocol/messages.ts';
import type { Prompt } from '../protocol/open.ts';
import type { LoadedModel } from './load_model.ts';
import type { Session } from './session.ts';
import { tick } from '#platform';

/** Where an answer begins, for whoever tells its thoughts apart. */
export function tellBefore(
  { marks }: LoadedModel,
  tokens: ArrayLike<number>,
  how: { readonly goesOn: boolean; readonly isHeld: boolean },
  emit: (event: GenerateEvent) => void,
): void {
  const before = marks?.before(tokens);
  if (before) emit({ type: 'before', ...how, ...before });
}

/** That an answer may call tools, for whoever tells its calls apart. */
export function tellCalls(
  { format, tokens, tools, choice }: CallsOptions,
  before: MarkedText | undefined,
  emit: (event: GenerateEvent) => void,
): void {
  if (choice !== 'none') emit({ type: 'calls', format, tokens, tools, ...(before && { before }) });
}

interface Roomy {
  readonly model: LoadedModel;
  readonly options: MakingOptions;
  readonly signal: AbortSignal;
}

/** A conversation that can be made shorter. */
export async function roomyOf(prompt: Prompt, { model, options, signal }: Roomy) {
  const { fitted } = await import('./room.ts'); // not all answers may outgrow their context
  const { maxTokens = Infinity } = options;
  return fitted(prompt, { encode: model.encode, pause: pauseOf(signal) }, { nCtx: model.info.nCtx, maxTokens });
}

/** Milliseconds between two savings of an answer: little is lost with the page, and little is spent (a few bytes a token). */
const SAVE_EVERY_MS = 2000;

/**
 * Hands an answer's events out as they come. A cancel message can arrive between them. What it can go on from comes when the prompt is
 * read, and now and then.
 */
export async function told(
  events: AsyncGenerator<GenerateEvent, GenerateResult>,
  emit: (event: GenerateEvent) => void,
  saving: (Saving & { readonly session: Session }) | undefined,
): Promise<GenerateResult> {
  const save = async (state: false | 'auto') => {
    const { session, note } = saving!;
    emit({ type: 'saved', bytes: await session.save({ note, state }) });
  };
  let nextMs = 0;
  try {
    for (;;) {
      await tick();
      const { value, done } = await events.next();
      if (done) {
        if (saving && saving.note === undefined) await save('auto').catch(() => undefined); // the answer is there all the same
        return value;
      }
      if (value.type !== 'piece' || value.text !== '' || value.marks || value.scored) emit(value);
      const isRead = value.type === 'piece' || (value.type === 'prefill' && value.nDone === value.nTotal);
      if (!saving || !isRead || performance.now() < nextMs) continue;
      await save(false);
      nextMs = performance.now() + SAVE_EVERY_MS;
    }
  } finally {
    await events.return(undefined as never); // what nobody hears of is under way no more
  }
}

/** Lets messages arrive, and stops a call that one of them cancels. */
export const pauseOf = (signal: AbortSignal) => async (): Promise<void> => {
  await tick();
  signal.throwIfAborted();
};
