/** What loads when a text needs it. */

export interface OnDemand<Loaded> {
  /** What is there; where it is not yet, it is asked for. */
  get(): Loaded | undefined;
}

/** @param onLoaded is told once each time something has come */
export function onDemand<Loaded>(load: () => Promise<Loaded>, onLoaded: () => void): OnDemand<Loaded> {
  let loaded: Loaded | undefined;
  let isAsked = false;
  return {
    get() {
      if (!isAsked) {
        isAsked = true;
        load().then(
          (value) => {
            loaded = value;
            onLoaded();
          },
          () => (isAsked = false), // the text is readable without; it is asked for again by the next block
        );
      }
      return loaded;
    },
  };
}
