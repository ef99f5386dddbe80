/** Colours code, once what it takes has been loaded. */
import type { HLJSApi } from 'highlight.js';
import { languageOf } from './languages.ts';
import { onDemand, type OnDemand } from './on_demand.ts';
import { sanitized } from './sanitize.ts';

/** Longer ones stay plain: colouring blocks the page. */
const mostCharacters = 60_000;

export interface Highlighter {
  /** Undefined where the language is not known, or not loaded yet. */
  highlighted(code: string, language: string): DocumentFragment | undefined;
}

export function createHighlighter(onLoaded: () => void): Highlighter {
  const core = onDemand<HLJSApi>(async () => (await import('highlight.js/lib/core')).default, onLoaded);
  const loaders = new Map<string, OnDemand<string>>();
  const loaderOf = (hljs: HLJSApi, name: string, load: NonNullable<ReturnType<typeof languageOf>>['load']) => {
    const known = loaders.get(name);
    if (known) return known;
    const loader = onDemand(async () => {
      hljs.registerLanguage(name, (await load()).default);
      return name;
    }, onLoaded);
    loaders.set(name, loader);
    return loader;
  };
  return {
    highlighted(code, name) {
      const language = languageOf(name);
      if (!language || code.length > mostCharacters) return undefined;
      const hljs = core.get();
      const loaded = hljs && loaderOf(hljs, language.names[0]!, language.load).get();
      if (!hljs || loaded === undefined) return undefined;
      return sanitized(hljs.highlight(code, { language: loaded, ignoreIllegals: true }).value);
    },
  };
}
