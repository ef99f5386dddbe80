/** Who answers: the models on this device, and the way to more. */
import { Box, Check, Power } from 'lucide-preact';
import type { GpuReport } from 'thimble';
import { bytes, count } from '../app/format.ts';
import { closeEngine, engine } from '../models/engine.ts';
import { here, use, type LibraryModel } from '../models/library.ts';
import { openOverlay } from '../state/overlays.ts';
import { goTo } from '../state/route.ts';
import { writing } from '../state/answering.ts';
import { Button } from './button.tsx';
import { Empty } from './parts.tsx';
import { Sheet } from './sheet.tsx';

export function openModelSheet(): void {
  openOverlay((close) => <ModelSheet onClose={close} />);
}

function ModelSheet({ onClose }: { readonly onClose: () => void }) {
  const isOpen = engine.value.type === 'ready';
  return (
    <Sheet
      title="Who answers"
      onClose={onClose}
      actions={
        <Button
          look="outline wide"
          icon={Box}
          onClick={() => {
            onClose();
            goTo('models');
          }}
        >
          All models
        </Button>
      }
    >
      {here.value.length === 0 ? (
        <Empty icon={Box} title="No model here yet">
          <p>Get one under “All models”.</p>
        </Empty>
      ) : (
        <ul class="card">
          {here.value.map((model) => (
            <Row key={model.id} model={model} onClose={onClose} />
          ))}
        </ul>
      )}
      {isOpen && <About />}
      {isOpen && (
        <Button look="quiet wide" icon={Power} disabled={writing.value !== null} onClick={() => void closeEngine()}>
          Close the model, free its memory
        </Button>
      )}
    </Sheet>
  );
}

function Row({ model, onClose }: { readonly model: LibraryModel; readonly onClose: () => void }) {
  const isOpen = engine.value.type !== 'none' && engine.value.id === model.id;
  const choose = () => {
    onClose();
    if (!isOpen || engine.value.type === 'failed') void use(model.id);
  };
  return (
    <li>
      <button type="button" class="list-row" aria-pressed={isOpen} disabled={writing.value !== null} onClick={choose}>
        <span class="grow">
          <span class="list-label">{model.name}</span>
          <span class="hint">
            {[model.parameters, model.quant, bytes(model.sizeBytes)].filter(Boolean).join(' · ')}
          </span>
        </span>
        {isOpen && <Check size={20} class="brass" aria-hidden="true" />}
      </button>
    </li>
  );
}

/** The graphics chip, and what the check of the kernels there came to. */
function gpuRows({ vendor, architecture, description, isFallback, features, checks }: GpuReport): [string, string][] {
  const name = description || `${vendor} ${architecture}`.trim() || 'without a name';
  const refused = checks.filter((check) => check.refused !== undefined);
  const checked = `${count(checks.length)} checked, ${refused.length === 0 ? 'all right' : `${count(refused.length)} not used`}`;
  return [
    ['Graphics chip', isFallback ? `${name} (software)` : name],
    ['Uses', features.join(', ') || 'nothing beyond the basics'],
    ['Kernels', checked],
    ...refused.map(({ kernel, refused }): [string, string] => [kernel, refused!]),
  ];
}

/** What the engine knows of the model that is open. */
function About() {
  if (engine.value.type !== 'ready') return null;
  const { info } = engine.value;
  const rows: readonly (readonly [string, string])[] = [
    ['Context', `${count(info.nCtx)} of ${count(info.nCtxTrain)} tokens`],
    ['Parameters', `${count(info.nParams / 1e6)} M, ${count(info.nLayers)} layers`],
    [
      'Engine',
      info.gpu ? info.backend : `${info.backend}, ${info.threads === 1 ? '1 thread' : `${info.threads} threads`}`,
    ],
    ...(info.gpu ? gpuRows(info.gpu) : []),
    ['Opened in', `${count(info.loadMs)} ms`],
  ];
  return (
    <dl class="facts">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd class="numbers">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
