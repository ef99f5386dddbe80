import type { EmbeddingModelV4, RerankingModelV4, SharedV4ProviderOptions } from '@ai-sdk/provider';
import type { EmbedOptions, RankOptions } from '../../api/option_types.ts';
import { openedModel, type ModelGiven } from './given.ts';

const ownOf = (options: SharedV4ProviderOptions | undefined): object => options?.['thimble'] ?? {};

/** A model that makes embeddings. `providerOptions.thimble` takes the options of `model.embed`, such as `{ task: 'document' }`. */
export function embeddingModel(given: ModelGiven, modelId: string): EmbeddingModelV4 {
  return {
    specificationVersion: 'v4',
    provider: 'thimble',
    modelId,
    maxEmbeddingsPerCall: undefined,
    supportsParallelCalls: false,
    async doEmbed({ values, dimensions, abortSignal, providerOptions }) {
      abortSignal?.throwIfAborted();
      const model = await openedModel(given);
      const options: EmbedOptions = {
        ...(dimensions !== undefined && { dimensions }),
        ...(abortSignal && { signal: abortSignal }),
        ...ownOf(providerOptions),
      };
      const rows = await model.embed(values, options);
      const counts = await Promise.all(values.map(async (text) => (await model.tokenize(text)).length));
      return {
        embeddings: rows.map((row) => Array.from(row)),
        usage: { tokens: counts.reduce((sum, n) => sum + n, 0) },
        warnings: [],
      };
    },
  };
}

/** A model that ranks documents: a reranker, or one that makes embeddings. */
export function rerankingModel(given: ModelGiven, modelId: string): RerankingModelV4 {
  return {
    specificationVersion: 'v4',
    provider: 'thimble',
    modelId,
    async doRerank({ documents, query, topN, abortSignal, providerOptions }) {
      abortSignal?.throwIfAborted();
      const model = await openedModel(given);
      const texts =
        documents.type === 'text' ? documents.values : documents.values.map((value) => JSON.stringify(value));
      const options: RankOptions = {
        ...(topN !== undefined && { top: topN }),
        ...(abortSignal && { signal: abortSignal }),
        ...ownOf(providerOptions),
      };
      const ranked = await model.rank(query, texts, options);
      return { ranking: ranked.map(({ index, score }) => ({ index, relevanceScore: score })) };
    },
  };
}
