import { useState } from 'preact/hooks';
import { quantOf, type DeviceResult, type KernelLine } from '../../../../bench/measure/result.ts';
import { digits, percent, quantWord } from '../format.ts';
import { Roofline } from '../charts/roofline.tsx';
import { Section, Spread } from './section.tsx';

const works = {
  decode: { title: 'Decode', unit: 'GB/s', about: 'One token: weights come from memory, once.', of: 'gbPerSecond' },
  prefill: {
    title: 'Prefill',
    unit: 'GMAC/s',
    about: '128 tokens at a time: arithmetic decides.',
    of: 'gmacPerSecond',
  },
} as const;

type Work = keyof typeof works;

const limitWords = {
  ...{ read: 'memory', copy: 'cache', dot: 'int8 dot', dot16: 'int16 dot' },
  ...{ f32: 'float', f16: '16-bit float' },
} as const;

function Row({ line, work }: { readonly line: KernelLine; readonly work: Work }) {
  const { timing, error, tolerance } = line;
  if (!timing)
    return (
      <tr>
        <th scope="row">{quantWord(quantOf(line))}</th>
        <td colSpan={2} class="wrong">
          wrong: off by {error.toExponential(0)}, at most {tolerance} is right
        </td>
      </tr>
    );
  return (
    <tr>
      <th scope="row">{quantWord(quantOf(line))}</th>
      <td class="bar-cell">
        <span class="bar" aria-hidden="true">
          <span class={work} style={{ width: `${Math.min(100, 100 * timing.ofLimit)}%` }} />
        </span>
        <small>
          {percent(timing.ofLimit)} of {limitWords[timing.limit]}
        </small>
      </td>
      <td class="number">
        {digits(timing[works[work].of])} <Spread of={timing.spread} />
      </td>
    </tr>
  );
}

/** Rows that are shown at first: the types that most models have come first. */
const FIRST = 11;

interface TableProps {
  readonly lines: readonly KernelLine[];
  readonly work: Work;
  readonly build: DeviceResult['build'];
}

/** Activations of 15 bits are two digits for the relaxed build's dot product. */
const TWICE = ' Each weight is multiplied twice, so 50 % of int8 dot is the most.';

function Table({ lines, work, build }: TableProps) {
  const { unit, about } = works[work];
  const [showsAll, setShowsAll] = useState(false);
  const shown = showsAll ? lines : lines.filter(({ timing }, i) => i < FIRST || !timing);
  return (
    <>
      <table class="bars">
        <caption>
          {about}
          {work === 'prefill' && build === 'relaxed' && TWICE}
        </caption>
        <thead>
          <tr>
            <th scope="col">type</th>
            <th scope="col">of the limit</th>
            <th scope="col" class="number">
              {unit}
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.map((line) => (
            <Row key={line.op} {...{ line, work }} />
          ))}
        </tbody>
      </table>
      {shown.length < lines.length && (
        <button type="button" class="secondary" onClick={() => setShowsAll(true)}>
          Show all {lines.length} types
        </button>
      )}
    </>
  );
}

/** Every matrix kernel, by quant type. */
export function Kernels({ result }: { readonly result: DeviceResult }) {
  const [work, setWork] = useState<Work>('decode');
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
      <div class="segments" role="group" aria-label="Work">
        {(Object.keys(works) as Work[]).map((one) => (
          <button type="button" key={one} aria-pressed={work === one} onClick={() => setWork(one)}>
            {works[one].title}
          </button>
        ))}
      </div>
      <Table {...{ lines, work }} build={result.build} />
    </Section>
  );
}
