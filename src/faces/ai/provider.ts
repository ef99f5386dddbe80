import type { EmbeddingModelV4, LanguageModelV4, ProviderV4, RerankingModelV4 } from '@ai-sdk/provider';
import { nameOf, type ModelGiven } from './given.ts';
import { languageModel } from './language_model.ts';
import { embeddingModel, rerankingModel } from './other_models.ts';

/** thimble's models for the AI SDK. */
export interface Thimble {
  /** `streamText({ model: thimble(model), … })` */
  (model: ModelGiven): LanguageModelV4;
  /** `embed({ model: thimble.embeddingModel(model), … })` */
  embeddingModel(model: ModelGiven): EmbeddingModelV4;
  /** `rerank({ model: thimble.rerankingModel(model), … })` */
  rerankingModel(model: ModelGiven): RerankingModelV4;
}

export const thimble: Thimble = Object.assign((model: ModelGiven) => languageModel(model, nameOf(model)), {
  embeddingModel: (model: ModelGiven) => embeddingModel(model, nameOf(model)),
  rerankingModel: (model: ModelGiven) => rerankingModel(model, nameOf(model)),
});

/**
 * Models by names, as `createProviderRegistry` and `customProvider` want them. One that is given as a function is opened when it is first asked for.
 *
 *     const local = createThimble({ chat: () => openModel({ hf: 'org/repo/file.gguf' }) });
 *     streamText({ model: local.languageModel('chat'), … });
 */
export function createThimble(models: Readonly<Record<string, ModelGiven>>): ProviderV4 & {
  rerankingModel(modelId: string): RerankingModelV4;
} {
  const named = (modelId: string): ModelGiven => {
    if (Object.hasOwn(models, modelId)) return models[modelId]!;
    throw new RangeError(`there is no model ${JSON.stringify(modelId)}; there are ${Object.keys(models).join(', ')}`);
  };
  return {
    specificationVersion: 'v4',
    languageModel: (modelId) => languageModel(named(modelId), modelId),
    embeddingModel: (modelId) => embeddingModel(named(modelId), modelId),
    rerankingModel: (modelId) => rerankingModel(named(modelId), modelId),
    imageModel(modelId) {
      throw new RangeError(`thimble's models make text and embeddings; ${JSON.stringify(modelId)} cannot make images`);
    },
  };
}
