/** `thimble/ai`: models for the Vercel AI SDK (`ai` 7), in Node and in pages. */
export { createThimble, thimble, type Thimble } from './faces/ai/provider.ts';
export type { ModelGiven } from './faces/ai/given.ts';
