import type { DeviceResult, ModelLine } from '../../../../bench/measure/result.ts';
import { bytes, digits } from '../format.ts';
import { Section, Spread } from './section.tsx';

const phaseWord = (name: string): string => name.replace('@', 'at ');

function Lines({ lines }: { readonly lines: readonly ModelLine[] }) {
  const phases = [...new Set(lines.flatMap(({ phases }) => phases.map(({ name }) => name)))];
  const threads = lines.map((line) => (
    <th scope="col" class="number" key={line.threads}>
      {line.threads === 1 ? '1 thread' : `${line.threads} threads`}
    </th>
  ));
  const rows = phases.map((phase) => (
    <tr key={phase}>
      <th scope="row">
        {phaseWord(phase)} <small>tok/s</small>
      </th>
      {lines.map(({ threads, phases }) => {
        const found = phases.find(({ name }) => name === phase);
        return (
          <td class="number" key={threads}>
            {found ? digits(found.tps) : '–'} {found && <Spread of={found.spread} />}
          </td>
        );
      })}
    </tr>
  ));
  const times = (['ttftMs', 'loadMs'] as const).map((what) => (
    <tr key={what}>
      <th scope="row">
        {what === 'loadMs' ? 'loading' : 'first token'} <small>ms</small>
      </th>
      {lines.map((line) => (
        <td class="number" key={line.threads}>
          {digits(line[what])}
        </td>
      ))}
    </tr>
  ));
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">what</th>
          {threads}
        </tr>
      </thead>
      <tbody>
        {rows}
        {times}
      </tbody>
    </table>
  );
}

/** Whole models, through the library as it ships. */
export function Models({ result: { models } }: { readonly result: DeviceResult }) {
  if (models.length === 0) return null;
  const names = [...new Set(models.map(({ model }) => model))];
  return (
    <Section
      id="models"
      title="A whole model"
      about="Prefill reads a prompt of so many tokens, decode writes the answer after so many. Medians of rounds, and how far rounds are from them."
    >
      {names.map((name) => {
        const lines = models.filter(({ model }) => model === name);
        return (
          <div key={name}>
            <p class="name">
              {name} <small>{bytes(lines[0]!.weightBytes)} of weights</small>
            </p>
            <Lines lines={lines} />
          </div>
        );
      })}
    </Section>
  );
}
