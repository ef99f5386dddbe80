import { stored } from './state.ts';

/** Looks for models that the chat app, or another page of this site, has put into the store. Where there is none, nothing is told. */
export async function findStoredModels(): Promise<void> {
  const { modelStore } = await import('thimble');
  const models = await (await modelStore()).list();
  stored.value = models.flatMap(({ name, sizeBytes, isComplete }) =>
    isComplete && sizeBytes !== undefined ? [{ name, sizeBytes }] : [],
  );
}
