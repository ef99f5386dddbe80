/** Measures off the page's thread: one job, then the page ends this worker, and all memory goes with it. */
import { openModel } from 'thimble';
import { featuresHere, hostOf } from '../../../../bench/measure/host.ts';
import { measureSustained } from '../../../../bench/measure/phases.ts';
import { runStep } from '../../../../bench/measure/run_step.ts';
import { clockStepMs } from '../../../../bench/measure/timing.ts';
import type { Job, Model, Report } from './messages.ts';

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
      return { kind: 'features', features: { ...featuresHere(), clockUs: 1000 * clockStepMs() } };
    case 'step':
      return { kind: 'step', result: await stepResult(job) };
    case 'sustained': {
      const { seconds, threads, model } = job;
      await measureSustained(openModel, await filesOf(model), {
        ...{ open: { threads }, seconds },
        onStart: (name) => report({ kind: 'started', model: name }),
        onSample: (at, tps) => report({ kind: 'sample', seconds: at, tps }),
      });
      return { kind: 'sustained' };
    }
  }
}

const stepResult = ({ step, plan, places, model }: Extract<Job, { kind: 'step' }>) =>
  runStep(step, plan, {
    host: hostOf(places),
    openModel,
    source: () => filesOf(model),
    onProgress: (doneShare) => report({ kind: 'progress', doneShare }),
  });

/** Picked files as they are. Others are fetched, and the browser keeps them: in memory, or on disk where it finds that better. */
async function filesOf(model: Model): Promise<readonly Blob[]> {
  if ('files' in model) return model.files;
  let doneBytes = 0;
  const files: File[] = [];
  for (const url of model.urls) {
    const response = await fetch(url).catch(() => undefined);
    if (!response?.ok || !response.body)
      throw new Error(`${url} cannot be fetched${response ? ` (${response.status})` : ''}; is the network there?`);
    const counted = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(piece, controller) {
        doneBytes += piece.length;
        report({ kind: 'download', doneBytes });
        controller.enqueue(piece);
      },
    });
    const blob = await new Response(response.body.pipeThrough(counted)).blob();
    files.push(new File([blob], url.replace(/^.*\//, '')));
  }
  return files;
}
