/** `thimble/isolate`: shared memory, and so threads, for pages of hosts that send no headers. */
export { isolated, isolationHeaders } from './isolate/headers.ts';
export { isolatePage } from './isolate/page.ts';
