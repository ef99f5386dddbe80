/** The first thing anyone sees: what this is, and one button. */
import { ArrowRight, Download, Feather, Plane, RotateCw, ShieldCheck } from 'lucide-preact';
import type { LucideIcon } from 'lucide-preact';
import { useEffect } from 'preact/hooks';
import { bytes, percent, rate } from '../app/format.ts';
import { inSettings } from '../app/troubles.ts';
import { embedded } from '../models/catalogue.ts';
import { engine } from '../models/engine.ts';
import { measureDevice } from '../models/device.ts';
import { downloads, getAndUse } from '../models/downloads.ts';
import { fitOf, here, nameOf } from '../models/library.ts';
import { goTo } from '../state/route.ts';
import type { Fit } from '../models/fit.ts';
import { Button } from './button.tsx';
import { DownloadView } from './download_state.tsx';
import { FitBadge, Logo, Note, Progress } from './parts.tsx';

const points: readonly { readonly icon: LucideIcon; readonly title: string; readonly text: string }[] = [
  { icon: ShieldCheck, title: 'Private', text: 'No account, no server. What you write never leaves this device.' },
  { icon: Plane, title: 'Offline', text: 'Once the model is here it answers in airplane mode.' },
  { icon: Feather, title: 'Yours', text: 'Open models. Keep as many as you have room for, delete them at any time.' },
];

export function FirstRun() {
  return (
    <div class="first-run">
      <div class="first-inner">
        <header class="first-head">
          <Logo size={76} />
          <h1>A language model that fits on a fingertip</h1>
          <p class="muted">thimble runs it right here, in your browser. Ask, write, translate, think aloud.</p>
        </header>
        <ul class="points">
          {points.map(({ icon: Icon, title, text }) => (
            <li key={title}>
              <Icon size={24} strokeWidth={1.7} aria-hidden="true" />
              <div>
                <h2>{title}</h2>
                <p>{text}</p>
              </div>
            </li>
          ))}
        </ul>
        <Start />
      </div>
    </div>
  );
}

function Start() {
  useEffect(() => void measureDevice(), []);
  const state = engine.value;
  const coming = Object.keys(downloads.value)[0];
  if (coming !== undefined) {
    return (
      <div class="start">
        <p class="start-name">{nameOf(coming)}</p>
        <DownloadView id={coming} name={nameOf(coming)} />
      </div>
    );
  }
  if (state.type === 'opening' || (state.type === 'none' && here.value.length > 0)) {
    const { name, part } = state.type === 'opening' ? state : { name: here.value[0]!.name, part: 0 };
    return (
      <div class="start" role="status">
        <p class="start-name row">
          <span class="grow">Opening {name}</span>
          <span class="tiny numbers muted">{percent(part)}</span>
        </p>
        <Progress label={`Opening ${name}`} part={part} />
      </div>
    );
  }
  const fit = fitOf(embedded);
  return (
    <div class="start">
      {state.type === 'failed' && (
        <Note
          kind="no"
          title={state.trouble.title}
          actions={inSettings.has(state.trouble.remedy) && <Button onClick={() => goTo('settings')}>Settings</Button>}
        >
          {state.trouble.text}
        </Note>
      )}
      <Button
        look="primary large wide"
        icon={state.type === 'failed' ? RotateCw : Download}
        onClick={() => void getAndUse(embedded)}
      >
        {state.type === 'failed' ? 'Try again' : `Get ${embedded.name} · ${bytes(EMBEDDED_MODEL.sizeBytes)}`}
      </Button>
      <p class="start-note">
        <FitBadge fit={fit} />
        <span>{paceOf(fit)}</span>
      </p>
      <Button look="quiet wide" onClick={() => goTo('models')}>
        Choose another model <ArrowRight size={17} class="turns" aria-hidden="true" />
      </Button>
    </div>
  );
}

const paceOf = ({ tokensPerSecond }: Fit): string =>
  tokensPerSecond === undefined
    ? `Small and quick, ${embedded.licence}`
    : `About ${rate(tokensPerSecond)} tokens a second here, ${embedded.licence}`;
