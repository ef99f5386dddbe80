import { useState } from 'preact/hooks';
import { gpuName } from '../../../../bench/measure/gpu/names.ts';
import type { DeviceResult, GpuResult, ModelLine } from '../../../../bench/measure/result.ts';
import { GpuRoofline } from '../charts/gpu_roofline.tsx';
import { digits } from '../format.ts';
import { features } from '../state.ts';
import { BesideCpu } from './beside_cpu.tsx';
import { GpuCeilings, GpuCosts } from './gpu_ceilings.tsx';
import { KernelTable, typeOf, WorkChoice, type Line, type Work } from './kernel_table.tsx';
import { abouts, productWorks } from './kernels.tsx';
import { Section, Spread } from './section.tsx';

const works = {
  ...productWorks,
  other: { title: 'Other', unit: 'GB/s', of: 'gbPerSecond', kind: 'decode' },
} as const satisfies Record<string, Work>;

type WorkName = keyof typeof works;

const about = { ...abouts, other: 'Attention after so many positions, and ops on rows: bytes that go in and out.' };

const isOf = ({ op, name }: Line, work: WorkName): boolean =>
  op.startsWith('matmul') ? name.startsWith(work) || (name === '' && work === 'decode') : work === 'other';

/** Kernels by type, or by op. */
function GpuKernels({ kernels }: Pick<GpuResult, 'kernels'>) {
  const [work, setWork] = useState<WorkName>('decode');
  const isOther = work === 'other';
  return (
    <>
      <WorkChoice works={works} chosen={work} onChoose={setWork} />
      <KernelTable
        key={work}
        lines={kernels.filter((line) => isOf(line, work))}
        work={works[work]}
        titleOf={isOther ? ({ op, name }) => `${op} ${name}` : typeOf}
        what={isOther ? 'op' : 'type'}
      >
        {about[work]}
      </KernelTable>
    </>
  );
}

/** One model on the GPU, beside the same one on all of the CPU's threads. */
function GpuModel({ line, result }: { readonly line: ModelLine; readonly result: DeviceResult }) {
  const onCpu = result.models.find(({ model, threads }) => model === line.model && threads === result.threads);
  return (
    <table>
      <caption>{line.model}</caption>
      <BesideCpu what="what" nThreads={result.threads} />
      <tbody>
        {line.phases.map(({ name, tps, spread }) => {
          const cpu = onCpu?.phases.find((phase) => phase.name === name);
          return (
            <tr key={name}>
              <th scope="row">
                {name.replace('@', 'at ')} <small>tok/s</small>
              </th>
              <td class="number">
                {digits(tps)} <Spread of={spread} />
              </td>
              <td class="number">
                {cpu ? digits(cpu.tps) : '–'} {cpu && <Spread of={cpu.spread} />}
              </td>
            </tr>
          );
        })}
        {(['ttftMs', 'loadMs'] as const).map((what) => (
          <tr key={what}>
            <th scope="row">
              {what === 'loadMs' ? 'loading' : 'first token'} <small>ms</small>
            </th>
            <td class="number">{digits(line[what])}</td>
            <td class="number">{onCpu ? digits(onCpu[what]) : '–'}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** What the library's own check came to when it opened the model on the GPU. */
function SelfCheck({ checks, choices }: Pick<GpuResult, 'checks' | 'choices'>) {
  const nRefused = checks.filter(({ refused }) => refused !== undefined).length;
  const sum = nRefused === 0 ? `all ${checks.length} are right` : `${nRefused} of ${checks.length} are not used`;
  return (
    <details class="choices">
      <summary>Self-check of kernels: {sum}</summary>
      <div class="scroll" tabIndex={0} role="group" aria-label="Self-check">
        <table>
          <caption>Each kernel that the model needs ran once, and was compared with plain loops on the CPU.</caption>
          <thead>
            <tr>
              <th scope="col">kernel</th>
              <th scope="col" class="number">
                pipelines
              </th>
              <th scope="col" class="number">
                error
              </th>
            </tr>
          </thead>
          <tbody>
            {checks.map(({ kernel, nPipelines, error, refused }) => (
              <tr key={kernel}>
                <th scope="row" class="kernel">
                  {kernel}
                  {refused !== undefined && <small class="wrong"> not used: {refused}</small>}
                </th>
                <td class="number">{nPipelines}</td>
                <td class="number">{error === undefined ? '–' : error === 0 ? 'exact' : error.toExponential(0)}</td>
              </tr>
            ))}
          </tbody>
        </table>
        {choices.length > 0 && <Choices choices={choices} />}
      </div>
    </details>
  );
}

const fromWords = { timing: 'by timing', notes: 'by an earlier timing', default: 'without timing' } as const;

/** Which of several kernels the model's products have. */
const Choices = ({ choices }: Pick<GpuResult, 'choices'>) => (
  <table>
    <caption>Products can be done by several kernels; these were taken.</caption>
    <thead>
      <tr>
        <th scope="col">product</th>
        <th scope="col">kernel</th>
      </tr>
    </thead>
    <tbody>
      {choices.map(({ kind, variant, sizes, from }) => (
        <tr key={kind}>
          <th scope="row">{kind}</th>
          <td>
            {variant} {sizes} <small>{fromWords[from]}</small>
          </td>
        </tr>
      ))}
    </tbody>
  </table>
);

/** How times were taken, and what they cannot tell. */
function clockWords({ kind, why, stepUs }: GpuResult['clock']): string {
  if (kind === 'timestamps') return `Timed by the GPU’s own timestamps, in steps of ${digits(stepUs)} µs.`;
  return `Timed by fences, from the call until all is done${why ? `: ${why}` : ''}.`;
}

function Measured({ gpu, result }: { readonly gpu: GpuResult; readonly result: DeviceResult }) {
  const { info, clock, kernels, models, checks, choices } = gpu;
  const features = info.features.filter((feature) => feature !== 'timestamps');
  return (
    <>
      <p class="about">
        {gpuName(info)}
        {info.isFallback && ', which is software on the CPU'}. {clockWords(clock)}{' '}
        {features.length > 0 && `Kernels may use ${features.join(', ')}.`}
      </p>
      {models.map((line) => (
        <GpuModel key={line.model} {...{ line, result }} />
      ))}
      {checks.length > 0 && <SelfCheck {...{ checks, choices }} />}
      <GpuRoofline {...{ result, gpu }} />
      {kernels.length > 0 && <GpuKernels kernels={kernels} />}
      <GpuCeilings {...{ result, gpu }} />
      <GpuCosts costs={gpu.costs} />
    </>
  );
}

/** The GPU, where WebGPU reaches one; elsewhere, on the own device, why not. */
export function Gpu({ result, isOwn }: { readonly result: DeviceResult; readonly isOwn: boolean }) {
  const { gpu } = result;
  const look = isOwn ? features.value?.gpu : undefined;
  if (gpu) return <Section id="gpu" title="GPU" children={<Measured {...{ gpu, result }} />} />;
  if (!look) return null;
  const said = look.absent === undefined ? `Not measured yet: ${look.name}.` : `Not measured: ${look.absent}.`;
  return <Section id="gpu" title="GPU" about={said} />;
}
