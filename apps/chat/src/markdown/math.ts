/** Draws formulas as MathML, once what it takes has been loaded. */
import { onDemand } from './on_demand.ts';
import { sanitizeMath } from './sanitize.ts';

const mostCharacters = 4_000;

export interface MathDrawer {
  /** Undefined where it is not loaded yet, or the formula cannot be drawn. */
  drawn(tex: string, isBlock: boolean): Element | undefined;
}

/** Blocks that grow are shown again and again, with the same formulas. */
const mostKept = 100;

type Temml = (typeof import('./temml.ts'))['temml'];

export function createMathDrawer(onLoaded: () => void): MathDrawer {
  const temml = onDemand(async () => (await import('./temml.ts')).temml, onLoaded);
  const kept = new Map<string, Element | undefined>();
  return {
    drawn(tex, isBlock) {
      const drawer = tex.length > mostCharacters ? undefined : temml.get();
      if (!drawer) return undefined;
      const key = `${isBlock} ${tex}`;
      if (kept.size >= mostKept) kept.clear();
      if (!kept.has(key)) kept.set(key, draw(drawer, tex, isBlock));
      return kept.get(key)?.cloneNode(true) as Element | undefined;
    },
  };
}

function draw(temml: Temml, tex: string, isBlock: boolean): Element | undefined {
  const around = document.createElement('span');
  try {
    temml.render(tex, around, { displayMode: isBlock, throwOnError: true, trust: false, maxExpand: 200 });
  } catch {
    return undefined; // its text is shown
  }
  sanitizeMath(around);
  return around.firstElementChild ?? undefined;
}
