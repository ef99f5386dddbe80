import { useState } from 'preact/hooks';
import type { DeviceResult } from '../../../../bench/measure/result.ts';
import { Roofline } from '../charts/roofline.tsx';
import { KernelTable, typeOf, WorkChoice, type Work } from './kernel_table.tsx';
import { Section } from './section.tsx';

/** Mat-vecs and matrix products, of a CPU or a GPU. */
export const productWorks = {
  decode: { title: 'Decode', unit: 'GB/s', of: 'gbPerSecond', kind: 'decode' },
  prefill: { title: 'Prefill', unit: 'GMAC/s', of: 'gmacPerSecond', kind: 'prefill' },
} as const satisfies Record<string, Work>;

export const abouts = {
  decode: 'One token: weights come from memory, once.',
  prefill: '128 tokens at a time: arithmetic decides.',
} as const;

/** Activations of 15 bits are two digits for the relaxed build's dot product. */
const TWICE = ' Each weight is multiplied twice, so 50 % of int8 dot is the most.';

/** Every matrix kernel, by quant type. */
export function Kernels({ result }: { readonly result: DeviceResult }) {
  const [work, setWork] = useState<keyof typeof productWorks>('decode');
  const lines = result.kernels.filter(({ threads, name }) => threads === result.threads && name.startsWith(work));
  if (result.kernels.length === 0) return null;
  const nWrong = result.kernels.filter(({ timing }) => !timing).length;
  return (
    <Section
      id="kernels"
      title="Kernels"
      about="Each is checked against plain loops, then timed in turns with what this device can do at most."
    >
      {nWrong > 0 && (
        <p class="wrong">
          {nWrong === 1 ? 'One case' : `${nWrong} cases`} computed wrong numbers; what is wrong is not timed.
        </p>
      )}
      <Roofline result={result} />
      <WorkChoice works={productWorks} chosen={work} onChoose={setWork} />
      <KernelTable lines={lines} work={productWorks[work]} titleOf={typeOf}>
        {abouts[work]}
        {work === 'prefill' && result.build === 'relaxed' && TWICE}
      </KernelTable>
    </Section>
  );
}
