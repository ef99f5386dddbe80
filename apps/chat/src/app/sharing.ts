/** Copies, and hands on, through the platform. */
import { notify } from '../state/notices.ts';

export async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    notify('Copied');
  } catch {
    notify('The browser does not allow copying here. Mark the text and copy it by hand.');
  }
}

export async function share(text: string): Promise<void> {
  if (!navigator.share) return copy(text);
  try {
    await navigator.share({ text });
  } catch (error) {
    if ((error as Error).name !== 'AbortError') await copy(text); // the user closed the sheet
  }
}
