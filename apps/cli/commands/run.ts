import { stdin } from 'node:process';
import type { GenerateResult, Prompt } from '../../../src/index.ts';
import { UsageError, type Arguments, type Command } from '../command.ts';
import { decodeUtf8, readStdin } from '../input.ts';
import { draftOption, modelOptions, readDraft, readModelOptions, withModel } from '../models.ts';
import { endedBy, readSampling, samplingOptions } from '../sampling.ts';
import { formatMs, forStdout, print, printLine, remark, rounded } from '../terminal.ts';

export const run: Command = {
  summary: 'answer one prompt',
  usage: 'MODEL --prompt TEXT [options]',
  about: `The prompt goes through the model's chat template as a user message, unless --raw says to go on from the text as it is.
Without --prompt it is read from stdin, less one line break at its end.

--json prints one object: text, tokens (the ids generated), prompt_tokens (how many), stop_reason (eos: the model ended;
stop: a stop text came; length: -n was reached; full: the context was), load_ms, prefill_tps and decode_tps (tokens per second), ttft_ms (time to
the first token).`,
  positionals: [1, 1],
  options: {
    prompt: { short: 'p', value: 'TEXT', help: 'the prompt' },
    system: { value: 'TEXT', help: 'the system message: tells the model what to be' },
    raw: { help: 'no chat template: go on from the text, after BOS if the model asks for it' },
    special: { help: 'with --raw, control tokens spelled out in the prompt count as such' },
    shift: { help: 'when the context is full, leave out what is oldest and go on (default: end the answer)' },
    json: { help: 'print one JSON object and nothing else' },
    ...samplingOptions,
    ...draftOption,
    'max-tokens': { ...samplingOptions['max-tokens'], help: 'most tokens of the answer (default 128)' },
    ...modelOptions,
  },
  examples: [
    ['thimble run smollm2 --prompt "Why is the sky blue?"', 'one answer, streamed'],
    ['thimble run smollm2 --raw --prompt "Once upon a time" --temp 0 -n 40', 'plain continuation, always the same'],
    ['echo "Say hello in French" | thimble run smollm2 --json', 'for programs'],
  ],
  async run(args, signal) {
    const system = args.text('system');
    if (args.flag('raw') && system !== undefined)
      throw new UsageError('--system needs the chat template; leave out --raw');
    const options = { maxTokens: 128, onFull: args.flag('shift') ? 'shift' : 'stop', ...readSampling(args) } as const;
    const opening = { ...readModelOptions(args), draft: readDraft(args), signal };
    const text = await readPrompt(args, signal);
    await withModel(args.positionals[0]!, opening, async (model) => {
      const bos = model.info.bosToken !== undefined;
      const prompt: Prompt = args.flag('raw')
        ? { text, special: args.flag('special'), bos }
        : { messages: messages(system, text) };
      const answer = model.generate(prompt, { ...options, signal });
      if (args.flag('json')) return printLine(JSON.stringify(toJson(await answer.result)));
      for await (const piece of answer) await print(forStdout(piece));
      await printLine('');
      remark(`\n${statusLine(await answer.result)}`);
    });
  },
};

/** The text given with --prompt, or else stdin. */
export async function readPrompt(args: Arguments, signal: AbortSignal): Promise<string> {
  const given = args.text('prompt');
  if (given !== undefined) return given;
  if (stdin.isTTY) throw new UsageError('--prompt is missing, and nothing comes in on stdin');
  return decodeUtf8(await readStdin(signal), 'stdin').replace(/\r?\n$/, '');
}

function messages(system: string | undefined, content: string) {
  const first = system === undefined ? [] : [{ role: 'system', content: system }];
  return [...first, { role: 'user', content }];
}

function toJson({ text, tokens, nPromptTokens, stopReason, timings }: GenerateResult) {
  return {
    text,
    tokens,
    prompt_tokens: nPromptTokens,
    stop_reason: stopReason,
    load_ms: rounded(timings.loadMs),
    prefill_tps: rounded(timings.prefillTps),
    decode_tps: rounded(timings.decodeTps),
    ttft_ms: rounded(timings.ttftMs),
  };
}

/** `42 tokens · 31.5 tok/s · first after 0.2 s · prompt 17 at 120 tok/s · seed 7`. */
function statusLine({ tokens, nPromptTokens, timings, seed, stopReason, speculation }: GenerateResult): string {
  const { decodeTps, ttftMs, prefillTps, loadMs } = timings;
  return [
    `${tokens.length} tokens`,
    `${decodeTps.toFixed(1)} tok/s`,
    `first after ${formatMs(ttftMs)}`,
    `prompt ${nPromptTokens} at ${prefillTps.toFixed(0)} tok/s`,
    `loaded in ${formatMs(loadMs)}`,
    `seed ${seed}`,
    ...endedBy(stopReason),
    ...(speculation ? [`${speculation.nAccepted} of ${speculation.nDrafted} guesses right`] : []),
  ].join(' · ');
}
