/** What `thimble/gguf` is in Node: all of `gguf_web.ts`, and files on disk. */
export * from './gguf_web.ts';
export { openNodeFile, openNodeSink, readNodeFile } from './store/node_file.ts';
