import { useState } from 'preact/hooks';
import type { DeviceResult } from '../../../../bench/measure/result.ts';
import { digits } from '../format.ts';
import { pairsOf, titleOf, type Pair } from '../share/compare.ts';
import { readResultFile } from '../share/files.ts';
import { storedResults } from '../share/stored.ts';
import { opened, own, problem } from '../state.ts';
import { Section } from './section.tsx';

/** Times as fast as the other, on a scale that has 1 in the middle. */
function Row({ pair: { what, model, unit, here, there } }: { readonly pair: Pair }) {
  const ratio = here / there;
  const share = Math.min(1, Math.abs(Math.log2(ratio)) / 3); // eight times as fast fills a half
  return (
    <tr>
      <th scope="row" title={model}>
        {what} <small>{unit}</small>
      </th>
      <td class="number">{digits(here)}</td>
      <td class="number">{digits(there)}</td>
      <td class="number ratio">
        {Number.isFinite(ratio) ? `${ratio.toFixed(2)}×` : '–'}
        <span class="balance" aria-hidden="true">
          <span class={ratio >= 1 ? 'more' : 'less'} style={{ width: `${50 * share}%` }} />
        </span>
      </td>
    </tr>
  );
}

/** Rows that are shown at first: models, ceilings, the most usual kernels. */
const FIRST = 14;

function Table({ here, there }: { readonly here: DeviceResult; readonly there: DeviceResult }) {
  const [showsAll, setShowsAll] = useState(false);
  const pairs = pairsOf(here, there);
  const shown = showsAll ? pairs : pairs.slice(0, FIRST);
  if (pairs.length === 0) return <p>These two have measured nothing alike.</p>;
  return (
    <>
      <div class="scroll" tabIndex={0} role="group" aria-label="Comparison">
        <table class="compare">
          <thead>
            <tr>
              <th scope="col">what</th>
              <th scope="col" class="number">
                here
              </th>
              <th scope="col" class="number">
                there
              </th>
              <th scope="col" class="number">
                times
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map((pair) => (
              <Row key={`${pair.model} ${pair.what}`} pair={pair} />
            ))}
          </tbody>
        </table>
      </div>
      {shown.length < pairs.length && (
        <button type="button" class="secondary" onClick={() => setShowsAll(true)}>
          Show all {pairs.length}
        </button>
      )}
    </>
  );
}

async function openFiles(files: readonly File[]): Promise<void> {
  problem.value = undefined;
  for (const file of files) {
    try {
      opened.value = [...opened.value, await readResultFile(file)];
    } catch (error) {
      problem.value = (error as Error).message;
    }
  }
}

/** Beside what other devices measured. */
export function Comparison({ result }: { readonly result: DeviceResult }) {
  const mine = own.value && own.value.result !== result ? [own.value.result] : [];
  const others = [...opened.value, ...mine, ...storedResults];
  const [chosen, setChosen] = useState(0);
  const there = others[others.length > chosen ? chosen : 0];
  return (
    <Section
      id="comparison"
      title="Comparison"
      about="Beside a device that was measured before, each with all of its threads."
    >
      {others.length > 0 && (
        <label class="field">
          <span>Compare with</span>
          <select value={chosen} onChange={(event) => setChosen(Number(event.currentTarget.value))}>
            {others.map((one, i) => (
              <option key={i} value={i}>
                {titleOf(one)}
              </option>
            ))}
          </select>
        </label>
      )}
      <label class="file">
        <input
          type="file"
          accept="application/json,.json"
          multiple
          onChange={(event) => {
            void openFiles([...(event.currentTarget.files ?? [])]);
            setChosen(0);
            event.currentTarget.value = '';
          }}
        />
        <span class="button secondary">Open a result file</span>
      </label>
      {there && <Table here={result} there={there} />}
    </Section>
  );
}
