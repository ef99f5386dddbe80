import type { Command } from '../command.ts';
import { bench } from './bench.ts';
import { chat } from './chat.ts';
import { completion } from './completion.ts';
import { embed } from './embed.ts';
import { imatrix } from './imatrix.ts';
import { inspect } from './inspect.ts';
import { list } from './list.ts';
import { logits } from './logits.ts';
import { merge } from './merge.ts';
import { perplexity } from './perplexity.ts';
import { proofread } from './proofread.ts';
import { pull } from './pull.ts';
import { quantize } from './quantize.ts';
import { rank } from './rank.ts';
import { rewrite } from './rewrite.ts';
import { rm } from './rm.ts';
import { run } from './run.ts';
import { serve } from './serve.ts';
import { split } from './split.ts';
import { summarize } from './summarize.ts';
import { tokenize } from './tokenize.ts';
import { translate } from './translate.ts';

/** Every command by name, in the order the help lists them. */
export const commands: ReadonlyMap<string, Command> = new Map(
  Object.entries({
    chat,
    run,
    serve,
    pull,
    list,
    rm,
    inspect,
    summarize,
    rewrite,
    translate,
    proofread,
    embed,
    rank,
    tokenize,
    logits,
    perplexity,
    bench,
    split,
    merge,
    quantize,
    imatrix,
    completion,
  }),
);
