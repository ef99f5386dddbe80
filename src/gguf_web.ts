/** Reading, writing, splitting and merging model files: the parts of the library that never run a model. In pages and in Node. */
export { readGguf, type GgufFile, type GgufTensor } from './gguf/read.ts';
export type { Metadata } from './gguf/metadata.ts';
export { openGguf } from './gguf/open.ts';
export { mergeGguf, splitGguf } from './gguf/split.ts';
export { writeGguf } from './gguf/write.ts';
export type { MetadataValue } from './gguf/value_types.ts';
export { mixNamed } from './compress/mixes.ts';
export {
  mixNames,
  planQuantization,
  quantizeGguf,
  writableTypes,
  type PlannedTensor,
  type PlanOptions,
  type QuantizationPlan,
  type QuantizeOptions,
} from './compress/quantize.ts';
export { readImportance, writeImportance, type Importance, type ImportanceToWrite } from './compress/importance.ts';
export { memoryNeeded, planMemoryOf } from './engine/memory_on_demand.ts';
export type { MemoryNeeded, MemoryOptions, MemoryPlanner } from './engine/memory_needed.ts';
export { quants, quantByName } from './quants/index.ts';
export { openHttpFile, type HttpOptions } from './bytes/http.ts';
export { openModelFile } from './platform/model_file.ts';
export type { QuantType } from './quants/quant_type.ts';
export type { BytesSource, ModelSource } from './platform/platform.ts';
export type { ByteSink, ByteSource } from './bytes/source.ts';
export { blobSource } from './bytes/blob.ts';
export type { ColumnSums } from './base/column_sums.ts';
export { FormatError, ResourceError, UnsupportedError } from './base/errors.ts';
