/** Where the reader is: `#/models`, `#/chat/ID`. The browser's Back goes back. */
import { computed, signal } from '@preact/signals';
import { decoded } from '../app/decoded.ts';

export type Screen = 'chat' | 'models' | 'personas' | 'settings' | 'privacy' | 'about';

const SCREENS: readonly Screen[] = ['chat', 'models', 'personas', 'settings', 'privacy', 'about'];

interface Route {
  readonly screen: Screen;
  readonly id: string | null;
}

function routeOf(hash: string): Route {
  const [name, id] = hash.replace(/^#\/?/, '').split(/[/?]/);
  const screen = SCREENS.find((screen) => screen === name) ?? 'chat';
  return { screen, id: (screen === 'chat' && id && decoded(id)) || null };
}

const route = signal(routeOf(location.hash));
addEventListener('hashchange', () => (route.value = routeOf(location.hash)));

export const screen = computed(() => route.value.screen);

/** The conversation in the address; null: a new one. */
export const routeId = computed(() => route.value.id);

/** How often this page went forward: where it never did, Back would leave the app. */
let nSteps = 0;

export function goTo(screen: Screen, id?: string): void {
  const hash = `#/${screen}${id === undefined ? '' : `/${encodeURIComponent(id)}`}`;
  if (location.hash === hash) return;
  nSteps++;
  location.hash = hash;
}

/** The same without a step in the browser's history: a new conversation gets its address so. */
export function replaceBy(screen: Screen, id?: string): void {
  history.replaceState(null, '', `#/${screen}${id === undefined ? '' : `/${encodeURIComponent(id)}`}`);
  route.value = routeOf(location.hash);
}

export function goBack(): void {
  if (nSteps > 0) {
    nSteps--;
    history.back();
  } else {
    replaceBy('chat');
  }
}
