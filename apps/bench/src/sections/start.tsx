import { features, options, own, running, stored, type Options } from '../state.ts';
import { bytes, threadsWord } from '../format.ts';
import { measureAll, measureRest } from '../measuring/run.ts';

const EMBEDDED = 'embedded';
const FILES = 'files';

/** The embedded model, one in the store, or files of the user's. */
function ModelChoice() {
  const { model } = options.value;
  const choose = (model: Options['model']): void => void (options.value = { ...options.value, model });
  const picked = model.kind === 'files' ? model.files : [];
  const value = model.kind === 'store' ? `store ${model.name}` : model.kind;
  const onChange = (chosen: string): void =>
    choose(chosen === EMBEDDED ? { kind: EMBEDDED } : { kind: 'store', name: chosen.replace(/^store /, '') });
  return (
    <div class="field">
      <label class="field">
        <span>Model</span>
        <select value={value} onChange={(event) => onChange(event.currentTarget.value)}>
          <option value={EMBEDDED}>SmolLM2 135M, comes with this page ({bytes(EMBEDDED_MODEL.sizeBytes)})</option>
          {stored.value.map(({ name, sizeBytes }) => (
            <option key={name} value={`store ${name}`}>
              {name} ({bytes(sizeBytes)})
            </option>
          ))}
          {picked.length > 0 && (
            <option value={FILES}>
              {picked[0]!.name} ({bytes(picked.reduce((sum, { size }) => sum + size, 0))})
            </option>
          )}
        </select>
      </label>
      <label class="file">
        <input
          type="file"
          accept=".gguf"
          multiple
          onChange={(event) => {
            const files = [...(event.currentTarget.files ?? [])];
            if (files.length > 0) choose({ kind: FILES, files });
          }}
        />
        <span class="button secondary">Choose a GGUF file</span>
      </label>
      <small>A model of several files: choose all of them at once.</small>
    </div>
  );
}

function Choices() {
  const { plan, threads } = options.value;
  const most = Math.min(features.value?.nCores ?? 1, 64);
  const isShared = features.value?.sharedMemory ?? false;
  const counts = [...new Set([1, 2, 4, 6, 8, most].filter((n) => n <= most))].sort((a, b) => a - b);
  return (
    <details class="choices">
      <summary>Options</summary>
      <fieldset>
        <legend>Length</legend>
        {(['full', 'quick'] as const).map((one) => (
          <label key={one}>
            <input
              type="radio"
              name="plan"
              checked={plan === one}
              onChange={() => (options.value = { ...options.value, plan: one })}
            />
            {one === 'full' ? 'Every quant type, about a minute' : 'A quick look, some seconds'}
          </label>
        ))}
      </fieldset>
      <label class="field">
        <span>Most threads</span>
        <select
          disabled={!isShared}
          value={threads ?? ''}
          onChange={(event) =>
            (options.value = { ...options.value, threads: Number(event.currentTarget.value) || undefined })
          }
        >
          <option value="">{isShared ? `As usual: ${Math.min(most, 8)}` : '1: the page is not isolated'}</option>
          {isShared &&
            counts.map((n) => (
              <option key={n} value={n}>
                {threadsWord(n)}
              </option>
            ))}
        </select>
      </label>
      <ModelChoice />
    </details>
  );
}

/** A measurement that a closed tab, or a stop, left unfinished. */
function Unfinished() {
  const kept = own.value!;
  return (
    <>
      <p>
        The last measurement ended after {kept.nDone} of {kept.nSteps} steps. What it found is below.
      </p>
      <div class="row">
        <button type="button" class="primary" onClick={() => void measureRest(kept)}>
          Go on
        </button>
        <button type="button" class="secondary" onClick={() => void measureAll()}>
          Start again
        </button>
      </div>
      <ModelChoice />
    </>
  );
}

/** The one button. */
export function Start() {
  const isUnfinished = own.value !== undefined && own.value.nDone < own.value.nSteps;
  if (isUnfinished) return <Unfinished />;
  return (
    <>
      <button type="button" class="primary" disabled={running.value !== undefined} onClick={() => void measureAll()}>
        {own.value ? 'Measure again' : 'Measure this device'}
      </button>
      <p class="hint">
        {options.value.plan === 'full' ? 'About a minute' : 'Some seconds'}. Leave other apps alone meanwhile;
        everything stays on this device.
      </p>
      <Choices />
    </>
  );
}
