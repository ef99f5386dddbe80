/** What `thimble/gguf` is in Node: all of `gguf_web.ts`, files on disk, and what looks at a file with the engine's eyes. */
export * from './gguf_web.ts';
export { checkOpenOptions, usualMaxLogits } from './engine/backend_plan.ts';
export { fitOfFile } from './engine/fit_of_file.ts';
export { warningsOf } from './engine/warnings.ts';
export { openNodeFile, openNodeSink, readNodeFile } from './bytes/node_file.ts';
