import type { Files } from '../platform/platform.ts';

/** Where the library's other files are: the thread that was imported knows, and tells the threads that it starts. */
let files: Files | undefined;

export const tellFiles = (told: Files): void => void (files = told);

export const fileNamed = (name: keyof Files): URL => new URL(files![name]!);
