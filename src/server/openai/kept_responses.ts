import type { ChatMessage } from '../../chat/conversation.ts';

/** A response that a later one may go on from. */
export interface KeptResponse {
  readonly response: { readonly id: string };
  /** The conversation up to its end, without instructions. */
  readonly messages: readonly ChatMessage[];
}

/** So many are kept, and so many characters of them: clients keep all of them by default, and ask for few again. */
const MAX_KEPT = 1000;
const MAX_CHARACTERS = 16 * 2 ** 20;

/** The latest responses, in memory alone. */
export class KeptResponses {
  private readonly kept = new Map<string, { readonly kept: KeptResponse; readonly size: number }>();
  private size = 0;

  keep(kept: KeptResponse): void {
    const { id } = kept.response;
    this.delete(id);
    const size = JSON.stringify(kept).length;
    this.kept.set(id, { kept, size });
    this.size += size;
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= MAX_KEPT && this.size <= MAX_CHARACTERS) break;
      this.delete(oldest);
    }
  }

  get(id: string): KeptResponse | undefined {
    return this.kept.get(id)?.kept;
  }

  delete(id: string): boolean {
    this.size -= this.kept.get(id)?.size ?? 0;
    return this.kept.delete(id);
  }
}
