import type { Command } from '../command.ts';
import { computedByJson, modelOptions, readModelOptions, withModel } from '../models.ts';
import { ctxOfTexts, readTexts, textsOptions } from '../texts.ts';
import {
  columns,
  counted,
  forStdout,
  plural,
  printJson,
  printLine,
  progressBar,
  remark,
  rounded,
} from '../terminal.ts';

export const rank: Command = {
  summary: 'sort texts by how well they answer a query',
  usage: 'MODEL QUERY [DOCUMENT...] [options]',
  about: `MODEL is a reranker (bge-reranker, jina-reranker, Qwen3-Reranker …), which reads the query and each document together, or one that makes embeddings, whose rows are compared. Without DOCUMENT and --file, each line of stdin is a document.

Prints a line for each document, the best first: its score, its number among the documents, and its text. Scores of one query compare with each other only.
--json prints one object: results (index, score and document of each), seconds, backend (what computed; on a GPU also gpu, what is known of it).`,
  positionals: [2, Infinity],
  options: {
    ...textsOptions,
    top: { short: 'n', value: 'N', help: 'print the best N alone' },
    json: { help: 'print one JSON object and nothing else' },
    ...modelOptions,
    ...ctxOfTexts,
  },
  examples: [
    ['thimble rank reranker.gguf "how do plants eat" "A cat sleeps." "Leaves turn light into sugar."', 'two documents'],
    ['thimble rank minilm.gguf "rivers of France" --top 3 < passages.txt', 'the best three lines'],
  ],
  async run(args, signal) {
    const [given, query, ...words] = args.positionals as readonly [string, string, ...string[]];
    const top = args.count('top');
    const opening = { ...readModelOptions(args), signal };
    const documents = await readTexts(args, words, signal);
    await withModel(given, opening, async (model) => {
      const startMs = performance.now();
      const bar = progressBar('ranking');
      const onProgress = (n: number, all: number) => bar.update(n, all, `${counted(n)} of ${plural(all, 'document')}`);
      const options = { truncate: args.flag('truncate'), ...(top !== undefined && { top }), onProgress, signal };
      const results = await model.rank(query, documents, options).finally(() => bar.end());
      const seconds = rounded((performance.now() - startMs) / 1000);
      if (args.flag('json')) return printJson({ results, seconds, ...computedByJson(model.info) });
      const rows = results.map(({ score, index, document }) => [
        score.toFixed(4),
        String(index + 1),
        forStdout(document),
      ]);
      await printLine(columns(rows, '>><').join('\n'));
      remark(`${plural(documents.length, 'document')}, ${seconds} s`);
    });
  },
};
