import { useEffect } from 'preact/hooks';
import type { DeviceResult } from '../../../bench/measure/result.ts';
import { askForIsolation } from './isolation.ts';
import { readKept } from './kept.ts';
import { findFeatures } from './measuring/run.ts';
import { Comparison } from './sections/comparison.tsx';
import { Gpu } from './sections/gpu.tsx';
import { Headline } from './sections/headline.tsx';
import { Kernels } from './sections/kernels.tsx';
import { Models } from './sections/models.tsx';
import { Sharing } from './sections/sharing.tsx';
import { Progress } from './sections/progress.tsx';
import { Start } from './sections/start.tsx';
import { SustainedRun } from './sections/sustained.tsx';
import { CeilingsTable, Threads } from './sections/threads.tsx';
import { findStoredModels } from './stored_models.ts';
import { isResultLink, resultOfLink } from './share/link.ts';
import { titleOf } from './share/compare.ts';
import { failures, features, own, problem, running, shared } from './state.ts';
import { threadsWord } from './format.ts';

/** Reads the address, now and whenever it changes. */
async function readAddress(): Promise<void> {
  shared.value = undefined;
  problem.value = undefined;
  if (!isResultLink(location.hash)) return;
  try {
    shared.value = await resultOfLink(location.hash);
  } catch (error) {
    problem.value = (error as Error).message;
  }
}

function showOwn(): void {
  history.pushState(null, '', location.pathname + location.search);
  void readAddress();
}

function useStart(): void {
  useEffect(() => {
    own.value = readKept();
    void readAddress();
    void askForIsolation();
    findStoredModels().catch(() => undefined); // no storage here: then there are no models in it
    const onChange = (): void => void readAddress();
    addEventListener('hashchange', onChange);
    addEventListener('popstate', onChange);
    findFeatures().catch((error: Error) => (problem.value = `Nothing can be measured here: ${error.message}`));
    return () => {
      removeEventListener('hashchange', onChange);
      removeEventListener('popstate', onChange);
    };
  }, []);
}

function Here() {
  const { sharedMemory, build, nCores } = features.value!;
  const threads = sharedMemory ? threadsWord(Math.min(nCores, 8)) : 'one thread';
  return (
    <p class="hint">
      {[
        `${nCores} ${nCores === 1 ? 'core' : 'cores'}`,
        threads,
        build === 'relaxed' ? 'relaxed SIMD' : 'plain SIMD',
      ].join(' · ')}
      {!sharedMemory && '. This page is not cross-origin isolated, so threads cannot share memory.'}
    </p>
  );
}

function Problems() {
  return (
    <div role="alert">
      {problem.value && <p class="problem">{problem.value}</p>}
      {failures.value.map(({ titles, message }) => (
        <p class="problem" key={message}>
          <strong>{titles.length > 3 ? `${titles.length} steps` : titles.join('; ')}</strong>: {message}
        </p>
      ))}
    </div>
  );
}

function Results({ result, isOwn }: { readonly result: DeviceResult; readonly isOwn: boolean }) {
  return (
    <>
      <Headline result={result} />
      <Models result={result} />
      <Kernels result={result} />
      <CeilingsTable result={result} />
      <Threads result={result} />
      <Gpu {...{ result, isOwn }} />
      <SustainedRun result={result} canRun={isOwn} />
      <Comparison result={result} />
      <Sharing {...{ result, isOwn }} />
    </>
  );
}

function Shared({ result }: { readonly result: DeviceResult }) {
  return (
    <section class="card" aria-labelledby="shared">
      <h2 id="shared">A shared result</h2>
      <p>{titleOf(result)}. It came with the link; nobody vouches for its numbers.</p>
      <button type="button" class="primary" onClick={showOwn}>
        {own.value ? 'Back to this device' : 'Measure this device, too'}
      </button>
    </section>
  );
}

export function App() {
  useStart();
  const result = shared.value ?? own.value?.result;
  return (
    <>
      <header>
        <p class="mark">thimble</p>
        <h1>How fast is this device?</h1>
        <p>
          Language models are limited by two things: how fast weights come from memory, and how fast integers are
          multiplied. This page measures both, and what the engine makes of them.
        </p>
      </header>
      <main>
        {shared.value ? (
          <Shared result={shared.value} />
        ) : (
          <section class="card start" aria-label="Measure">
            {running.value?.kind === 'plan' ? <Progress /> : <Start />}
            {features.value && <Here />}
          </section>
        )}
        <Problems />
        {result && result.ceilings.length + result.models.length > 0 && (
          <Results result={result} isOwn={!shared.value} />
        )}
      </main>
      <footer>Measured in this browser, by the same code as the project's own bench. Nothing leaves the device.</footer>
    </>
  );
}
