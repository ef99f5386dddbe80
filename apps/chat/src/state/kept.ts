/** Signals whose value outlives the page: small settings, in localStorage. What was stored is checked before it is believed. */
import { effect, signal, type Signal } from '@preact/signals';

const PREFIX = 'thimble.';

/** @param fits whether a stored value can be this setting; others give way to the default. */
export function kept<T>(name: string, initial: T, fits: (value: unknown) => boolean): Signal<T> {
  const value = signal(stored(name, initial, fits));
  let isFirst = true;
  effect(() => {
    const text = JSON.stringify(value.value);
    if (!isFirst) store(name, text);
    isFirst = false;
  });
  return value;
}

function stored<T>(name: string, initial: T, fits: (value: unknown) => boolean): T {
  try {
    const text = localStorage.getItem(PREFIX + name);
    const value: unknown = text === null ? undefined : JSON.parse(text);
    return value !== undefined && fits(value) ? (value as T) : initial;
  } catch {
    return initial; // no storage here, or it holds no JSON
  }
}

function store(name: string, text: string): void {
  try {
    localStorage.setItem(PREFIX + name, text);
  } catch {
    // No storage: the setting holds until the page closes. The privacy panel says so.
  }
}

/** Whether anything can be stored at all. */
export function canStore(): boolean {
  try {
    localStorage.setItem(`${PREFIX}probe`, '1');
    localStorage.removeItem(`${PREFIX}probe`);
    return true;
  } catch {
    return false;
  }
}
