import type { Model } from '../../api/model.ts';

/** A model, or how to open it: at the first call, once. */
export type ModelGiven = Model | Promise<Model> | (() => Model | Promise<Model>);

const opened = new WeakMap<() => Model | Promise<Model>, Promise<Model>>();

/** @throws what opening it throws; the next call tries again. */
export function openedModel(given: ModelGiven): Promise<Model> {
  if (typeof given !== 'function') return Promise.resolve(given);
  const known = opened.get(given);
  if (known) return known;
  const model = Promise.resolve().then(given);
  opened.set(given, model);
  model.catch(() => opened.delete(given));
  return model;
}

/** What to call it: its own name, where it is there already. */
export const nameOf = (given: ModelGiven): string => ('info' in given ? given.info.name : 'thimble');
