import { measurePart, type PagedOptions, type PagedPart } from './paged_part.ts';

type Thimble = Pick<typeof import('../../src/index.ts'), 'openModel' | 'modelStore'>;

const NAME = 'bench';

/** What a page measures with the files that its input holds: as they are, or copied into what the browser stores. */
export async function measureInPage(place: 'file' | 'opfs', jobs: readonly PagedOptions[]): Promise<PagedPart[]> {
  const library = '/dist/web/index.js';
  const { openModel, modelStore } = (await import(library)) as Thimble;
  const files = [...document.querySelector('input')!.files!];
  if (place === 'opfs') await (await modelStore()).import(files, { name: NAME });
  const parts: PagedPart[] = [];
  for (const job of jobs) parts.push(await measurePart(openModel, place === 'opfs' ? { store: NAME } : files, job));
  return parts;
}
