/** What the user chose once and for all. */
import { computed, effect, signal } from '@preact/signals';
import { kept } from './kept.ts';

const isOneOf =
  (...values: readonly unknown[]) =>
  (value: unknown): boolean =>
    values.includes(value);

const isBoolean = (value: unknown): boolean => typeof value === 'boolean';

export const theme = kept<'system' | 'light' | 'dark'>('theme', 'system', isOneOf('system', 'light', 'dark'));

/** Times the text size of the browser. */
export const textScale = kept<number>('text-scale', 1, isOneOf(0.9, 1, 1.15, 1.35, 1.6));

/** 0: as many as the engine thinks best. */
export const threads = kept<number>('threads', 0, (value) => Number.isInteger(value) && Number(value) >= 0);

/** What computes: the processor, the graphics chip, or the faster of them. */
export const backend = kept<'wasm' | 'webgpu' | 'auto'>('backend', 'wasm', isOneOf('wasm', 'webgpu', 'auto'));

/** Positions of the context; a phone's memory holds these beside the weights. */
export const nCtx = kept<number>('context', 2048, isOneOf(1024, 2048, 4096, 8192, 16384, 32768));

/** How keys and values are kept: exact, or in half the memory. */
export const kvType = kept<'f16' | 'q8_0'>('kv-type', 'f16', isOneOf('f16', 'q8_0'));

/** The model that opens with the app. */
export const chosenModel = kept<string | null>('model', null, (value) => typeof value === 'string' || value === null);

export const preset = kept<string>('preset', 'model', (value) => typeof value === 'string');

export const persona = kept<string>('persona', 'plain', (value) => typeof value === 'string');

export const showsFigures = kept<boolean>('figures', true, isBoolean);

/** Whether thinking models think. */
export const thinks = kept<boolean>('thinks', true, isBoolean);

/** Whether the model writes titles of conversations. */
export const writesTitles = kept<boolean>('titles', true, isBoolean);

export const keepsAwake = kept<boolean>('awake', true, isBoolean);

/** Whether the sidebar stands beside the conversation on wide screens. */
export const sidebar = kept<boolean>('sidebar', true, isBoolean);

/** Whether a model has ever been open here: until then the first screen says what this is. */
export const isWelcomed = kept<boolean>('welcomed', false, isBoolean);

const darkQuery = matchMedia('(prefers-color-scheme: dark)');
const systemIsDark = signal(darkQuery.matches);
darkQuery.addEventListener('change', ({ matches }) => (systemIsDark.value = matches));

export const isDark = computed(() => theme.value === 'dark' || (theme.value === 'system' && systemIsDark.value));

/** Puts the look onto the page, and keeps it there. */
export function showLook(): void {
  const root = document.documentElement;
  effect(() => {
    root.dataset['theme'] = isDark.value ? 'dark' : 'light';
    root.style.setProperty('--text-scale', String(textScale.value));
    const bar = getComputedStyle(root).getPropertyValue('--bg').trim();
    for (const meta of document.querySelectorAll<HTMLMetaElement>('meta[name="theme-color"]')) meta.content = bar;
  });
}
