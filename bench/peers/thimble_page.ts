import type { openModel as OpenModel } from 'thimble';
import type { PageJob } from './browser.ts';
import { measureThimble, type Measured, type Phase } from '../measure/phases.ts';

/** thimble in a page: the web bundle, and the files that the page's input holds. */
export async function measure(phases: readonly Phase[], { threads, gpu }: PageJob): Promise<Measured> {
  const library = '/dist/web/index.js';
  const { openModel } = (await import(library)) as { openModel: typeof OpenModel };
  const files = [...document.querySelector('input')!.files!];
  return measureThimble(openModel, files, phases, { open: gpu ? { backend: 'webgpu' } : { threads } });
}
