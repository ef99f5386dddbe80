/** Measures off the page's thread: one job, then the page ends this worker, and all memory goes with it. */
import { openModel } from 'thimble';
import { featuresHere, hostOf } from '../../../../bench/measure/host.ts';
import { lookForGpu } from '../../../../bench/measure/gpu/look.ts';
import { measureSustained } from '../../../../bench/measure/phases.ts';
import { runStep } from '../../../../bench/measure/run_step.ts';
import { clockStepMs } from '../../../../bench/measure/timing.ts';
import type { DeviceFeatures, Job, Model, Report, StoredModelName } from './messages.ts';

const report = (what: Report): void => self.postMessage(what);

self.onmessage = async ({ data }: MessageEvent<Job>) => {
  try {
    report(await did(data));
  } catch (error) {
    report({ kind: 'error', message: error instanceof Error ? error.message : String(error) });
  }
};

async function did(job: Job): Promise<Report> {
  switch (job.kind) {
    case 'features':
      return { kind: 'features', features: await featuresOfDevice() };
    case 'step':
      return { kind: 'step', result: await stepResult(job) };
    case 'sustained': {
      const { seconds, threads, model } = job;
      await measureSustained(openModel, await sourceOf(model), {
        ...{ open: { threads }, seconds },
        onStart: (name) => report({ kind: 'started', model: name }),
        onSample: (at, tps) => report({ kind: 'sample', seconds: at, tps }),
      });
      return { kind: 'sustained' };
    }
  }
}

async function featuresOfDevice(): Promise<DeviceFeatures> {
  const gpu = await lookForGpu(navigator.gpu as GPU | undefined, isSecureContext);
  return { ...featuresHere(), clockUs: 1000 * clockStepMs(), gpu };
}

const stepResult = ({ step, plan, places, model }: Extract<Job, { kind: 'step' }>) =>
  runStep(step, plan, {
    host: hostOf(places),
    openModel,
    source: () => sourceOf(model),
    gpu: async () => navigator.gpu,
    onProgress: (doneShare) => report({ kind: 'progress', doneShare }),
  });

/** What the library opens. Files at addresses are fetched first; the browser keeps them in memory, or on disk where it finds that better. */
async function sourceOf(model: Model): Promise<StoredModelName | readonly Blob[]> {
  if ('store' in model) return model;
  if ('files' in model) return model.files;
  let doneBytes = 0;
  const onBytes = (n: number): void => report({ kind: 'download', doneBytes: (doneBytes += n) });
  const files: File[] = [];
  for (const url of model.urls) files.push(await fetchFile(url, onBytes));
  report({ kind: 'fetched', files });
  return files;
}

async function fetchFile(url: string, onBytes: (n: number) => void): Promise<File> {
  const response = await fetch(url).catch(() => undefined);
  if (!response?.ok || !response.body) {
    const status = response ? ` (${response.status})` : '';
    throw new Error(`${url} cannot be fetched${status}; is the network there?`);
  }
  const counted = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(piece, controller) {
      onBytes(piece.length);
      controller.enqueue(piece);
    },
  });
  const blob = await new Response(response.body.pipeThrough(counted)).blob();
  return new File([blob], url.replace(/^.*\//, ''));
}
