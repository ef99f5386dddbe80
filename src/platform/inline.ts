/** A page whose scripts are one file, as `thimble/inline` is: nothing lies beside it. */
import { inlinedFiles } from './inlined_files.ts';
import type { Platform } from './platform.ts';

export * from './web.ts';

export const files: Platform['files'] = inlinedFiles;
