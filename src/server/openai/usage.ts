import type { GenerateResult, StopReason } from '../../protocol/generation.ts';

/** What an answer took, of one prompt and however many choices. */
export function usageOf(results: readonly GenerateResult[]) {
  const [first] = results;
  const nPrompt = first?.nPromptTokens ?? 0;
  const nAnswer = results.reduce((sum, { tokens }) => sum + tokens.length, 0);
  return {
    prompt_tokens: nPrompt,
    completion_tokens: nAnswer,
    total_tokens: nPrompt + nAnswer,
    prompt_tokens_details: { cached_tokens: first?.nReusedTokens ?? 0 },
  };
}

/** An answer that went round in circles was cut, as one that was too long. */
const finishReasons: Readonly<Record<StopReason, 'stop' | 'length'>> = {
  eos: 'stop',
  stop: 'stop',
  length: 'length',
  full: 'length',
  loop: 'length',
  abort: 'length',
};

export const finishReason = (stopReason: StopReason, hasCalls: boolean): 'stop' | 'length' | 'tool_calls' =>
  hasCalls && (stopReason === 'eos' || stopReason === 'stop') ? 'tool_calls' : finishReasons[stopReason];
