import { threadsWord } from '../format.ts';

/** The head of a table that shows the GPU beside the threads of the processor. */
export function BesideCpu({ what, nThreads }: { readonly what: string; readonly nThreads: number }) {
  return (
    <thead>
      <tr>
        <th scope="col">{what}</th>
        <th scope="col" class="number">
          GPU
        </th>
        <th scope="col" class="number">
          {threadsWord(nThreads)}
        </th>
      </tr>
    </thead>
  );
}
