/** What a page asks of the service worker. */
export type ToWorker =
  /** Take over now: the user wants the new version. */
  | { readonly type: 'takeOver' }
  /** Keep all files of this version that are not kept yet. */
  | { readonly type: 'keepFiles' }
  /** Where an address leads, redirects included: only the worker may look, because the page's policy does not let it. */
  | { readonly type: 'look'; readonly url: string };

export type FromWorker = { readonly hosts: readonly string[] } | { readonly error: string };
