/** What the screen is like, and where the keyboard on it begins. */
import { signal } from '@preact/signals';

const wideQuery = matchMedia('(min-width: 900px)');

/** Room for the list beside the conversation. */
export const isWide = signal(wideQuery.matches);
wideQuery.addEventListener('change', ({ matches }) => (isWide.value = matches));

const touchQuery = matchMedia('(hover: none) and (pointer: coarse)');

/** Fingers and a keyboard on the screen: Enter makes a new line there. */
export const isTouch = signal(touchQuery.matches);
touchQuery.addEventListener('change', ({ matches }) => (isTouch.value = matches));

/** Safari lays its keyboard over the page; the page then ends where the keyboard begins. Others resize the page themselves. */
export function followKeyboard(): void {
  const { visualViewport } = window;
  if (!visualViewport) return;
  const follow = () => {
    const covered = Math.max(0, innerHeight - visualViewport.height - visualViewport.offsetTop);
    const isKeyboard = covered > 120 && visualViewport.scale === 1; // less is a browser's bar, and a zoom is no keyboard
    document.documentElement.style.setProperty('--keyboard', isKeyboard ? `${Math.round(covered)}px` : '0px');
  };
  visualViewport.addEventListener('resize', follow);
  visualViewport.addEventListener('scroll', follow);
}
