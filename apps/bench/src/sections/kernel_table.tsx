import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { LimitName } from '../../../../bench/measure/bench_case.ts';
import { quantOf, type GpuKernelLine } from '../../../../bench/measure/result.ts';
import { digits, percent, quantWord } from '../format.ts';
import { Spread } from './section.tsx';

/** What kernels do, and the number that says how fast. */
export interface Work {
  readonly title: string;
  readonly unit: string;
  readonly of: 'gbPerSecond' | 'gmacPerSecond';
  /** The colour of its bars. */
  readonly kind: 'decode' | 'prefill';
}

/** Of a CPU or a GPU. */
export type Line = Pick<GpuKernelLine, 'op' | 'name' | 'error' | 'tolerance' | 'timing' | 'failure'>;

const limitWords: Readonly<Record<LimitName, string>> = {
  ...{ read: 'memory', copy: 'copying', dot: 'int8 dot', dot16: 'int16 dot' },
  ...{ f32: 'float', f16: '16-bit float' },
};

/** `Q4_0` of `matmul q4_0`. */
export const typeOf = (line: Line): string => quantWord(quantOf(line));

interface RowProps {
  readonly line: Line;
  readonly work: Work;
  readonly title: string;
}

function Row({ line: { timing, error, tolerance, failure }, work, title }: RowProps) {
  if (!timing)
    return (
      <tr>
        <th scope="row">{title}</th>
        <td colSpan={2} class="wrong">
          {failure ?? `wrong: off by ${error.toExponential(0)}, at most ${tolerance} is right`}
        </td>
      </tr>
    );
  return (
    <tr>
      <th scope="row">{title}</th>
      <td class="bar-cell">
        <span class="bar" aria-hidden="true">
          <span class={work.kind} style={{ width: `${Math.min(100, 100 * timing.ofLimit)}%` }} />
        </span>
        <small>
          {percent(timing.ofLimit)} of {limitWords[timing.limit]}
        </small>
      </td>
      <td class="number">
        {digits(timing[work.of])} <Spread of={timing.spread} />
      </td>
    </tr>
  );
}

/** Rows that are shown at first: the types that most models have come first. */
const FIRST = 11;

interface TableProps {
  readonly lines: readonly Line[];
  readonly work: Work;
  readonly titleOf: (line: Line) => string;
  /** What stands in the first column. Default: types. */
  readonly what?: string;
  /** The caption. */
  readonly children: ComponentChildren;
}

/** Kernels of one kind of work, each as a share of the limit that bounds it. */
export function KernelTable({ lines, work, titleOf, what = 'type', children }: TableProps) {
  const [showsAll, setShowsAll] = useState(false);
  const shown = showsAll ? lines : lines.filter(({ timing }, i) => i < FIRST || !timing);
  return (
    <>
      <table class="bars">
        <caption>{children}</caption>
        <thead>
          <tr>
            <th scope="col">{what}</th>
            <th scope="col">of the limit</th>
            <th scope="col" class="number">
              {work.unit}
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.map((line) => (
            <Row key={`${line.op} ${line.name}`} {...{ line, work }} title={titleOf(line)} />
          ))}
        </tbody>
      </table>
      {shown.length < lines.length && (
        <button type="button" class="secondary" onClick={() => setShowsAll(true)}>
          Show all {lines.length}
        </button>
      )}
    </>
  );
}

interface ChoiceProps<K extends string> {
  readonly works: Readonly<Record<K, Work>>;
  readonly chosen: K;
  readonly onChoose: (work: K) => void;
}

/** Which work's table is shown. */
export const WorkChoice = <K extends string>({ works, chosen, onChoose }: ChoiceProps<K>) => (
  <div class="segments" role="group" aria-label="Work">
    {(Object.keys(works) as K[]).map((one) => (
      <button type="button" key={one} aria-pressed={chosen === one} onClick={() => onChoose(one)}>
        {works[one].title}
      </button>
    ))}
  </div>
);
