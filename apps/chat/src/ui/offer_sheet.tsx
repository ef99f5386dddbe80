/** A model before it is fetched or opened: what its header says, whether it fits, how fast it may be. */
import { Download, FolderOpen } from 'lucide-preact';
import type { Fit as Checked } from 'thimble';
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { bytes, count, rate } from '../app/format.ts';
import { noteRequest } from '../app/network.ts';
import { isAbort, troubleOf } from '../app/troubles.ts';
import { device, measureDevice } from '../models/device.ts';
import { get, importFiles } from '../models/downloads.ts';
import { openEngine } from '../models/engine.ts';
import { fitFrom } from '../models/fit.ts';
import { openOptions } from '../models/library.ts';
import { urlOf, type DownloadSource } from '../models/store.ts';
import { openOverlay } from '../state/overlays.ts';
import { goTo } from '../state/route.ts';
import type { Trouble } from '../state/types.ts';
import { Button } from './button.tsx';
import { FitBadge, Note, Progress } from './parts.tsx';
import { Sheet } from './sheet.tsx';

/** A model from an address, or in files. */
export interface Offer {
  /** What it is called in the store. */
  readonly id: string;
  readonly name: string;
  readonly from: { readonly source: DownloadSource } | { readonly files: readonly File[] };
}

export function openOffer(offer: Offer): void {
  openOverlay((close) => <OfferSheet offer={offer} onClose={close} />);
}

async function check({ from }: Offer, signal: AbortSignal): Promise<Checked> {
  const { checkFit } = await import('thimble');
  await Promise.race([measureDevice(), new Promise((resolve) => setTimeout(resolve, 4000))]);
  const speed = device.value?.speed;
  const options = { ...openOptions(), maxSessions: 1, signal, ...(speed ? { speed } : {}) };
  if ('files' in from) return checkFit([...from.files], options);
  noteRequest(urlOf(from.source));
  return checkFit(from.source, options);
}

function OfferSheet({ offer, onClose }: { readonly offer: Offer; readonly onClose: () => void }) {
  const found = useSignal<Checked | Trouble | undefined>(undefined);
  useEffect(() => {
    const controller = new AbortController();
    check(offer, controller.signal).then(
      (fit) => (found.value = fit),
      (error: unknown) => void (isAbort(error) || (found.value = troubleOf(error))),
    );
    return () => controller.abort();
  }, [offer]);
  const { value } = found;
  const fit = value && 'verdict' in value ? value : undefined;
  return (
    <Sheet
      title={offer.name}
      onClose={onClose}
      actions={fit && fit.model.makes === 'text' && <Actions offer={offer} fit={fit} onClose={onClose} />}
    >
      {!value && (
        <div class="stack spaced" role="status">
          <p class="muted">Looking at the header of the file…</p>
          <Progress label="Looking" part={undefined} />
        </div>
      )}
      {value && !('verdict' in value) && (
        <Note kind="no" title={value.title}>
          {value.text}
        </Note>
      )}
      {fit && <Found fit={fit} />}
    </Sheet>
  );
}

function Found({ fit }: { readonly fit: Checked }) {
  const { needs, model, allowedBytes, nCtx } = fit;
  const shown = fitFrom(fit);
  const rows: readonly (readonly [string, string | false])[] = [
    ['File', `${bytes(model.fileBytes)}, ${model.type.toUpperCase()}`],
    ['Parameters', `${count(model.nParams / 1e6)} M`],
    ['Family', model.architecture],
    ['Memory for weights', bytes(needs.weightBytes)],
    [`Memory for ${count(nCtx)} tokens`, bytes(needs.kvBytes)],
    ['Memory in all', bytes(needs.totalBytes + needs.scriptBytes)],
    ['A page may take here', bytes(allowedBytes)],
    ['Speed, about', shown.tokensPerSecond !== undefined && `${rate(shown.tokensPerSecond)} tokens/s`],
  ];
  return (
    <>
      <div class="row wraps">
        <FitBadge fit={shown} />
        <span class="small muted clip">{model.name}</span>
      </div>
      {model.makes !== 'text' && (
        <Note kind="warn" title="This model cannot chat">
          It makes {model.makes}, for search; it was not made to answer.
        </Note>
      )}
      {shown.verdict !== 'fits' && <Note kind={shown.verdict === 'no' ? 'no' : 'warn'}>{shown.reason}</Note>}
      <dl class="facts">
        {rows.map(
          ([name, value]) =>
            value && (
              <div key={name}>
                <dt>{name}</dt>
                <dd class="numbers">{value}</dd>
              </div>
            ),
        )}
      </dl>
    </>
  );
}

interface ActionsProps {
  readonly offer: Offer;
  readonly fit: Checked;
  readonly onClose: () => void;
}

function Actions({ offer: { id, name, from }, fit, onClose }: ActionsProps) {
  const look = fit.verdict === 'no' ? 'outline' : 'primary';
  if ('source' in from) {
    const start = () => {
      onClose();
      void get(id, from.source);
    };
    return (
      <Button look={`${look} wide`} icon={Download} onClick={start}>
        {fit.verdict === 'no' ? 'Get it all the same' : `Get · ${bytes(fit.model.fileBytes)}`}
      </Button>
    );
  }
  const keep = () => {
    onClose();
    void importFiles(id, from.files);
  };
  const openOnce = () => {
    onClose();
    goTo('chat');
    void openEngine({
      id,
      name,
      open: (openModel, options) => openModel([...from.files], options),
      options: openOptions(),
    });
  };
  return (
    <>
      <Button look="outline grow" icon={FolderOpen} onClick={openOnce}>
        Open once
      </Button>
      <Button look={`${look} grow`} onClick={keep}>
        Keep and open
      </Button>
    </>
  );
}
