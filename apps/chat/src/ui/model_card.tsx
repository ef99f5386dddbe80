/** A model as a card. */
import { Download, Ellipsis, ExternalLink, MessageCircle, Trash2 } from 'lucide-preact';
import { bytes, rate } from '../app/format.ts';
import type { OfferedModel } from '../models/catalogue.ts';
import { engine } from '../models/engine.ts';
import { downloads, getAndUse } from '../models/downloads.ts';
import { fitOf, remove, sourceOf, use, type LibraryModel } from '../models/library.ts';
import { goTo } from '../state/route.ts';
import { writing } from '../state/answering.ts';
import { Button, IconButton } from './button.tsx';
import { DownloadView } from './download_state.tsx';
import { openMenu } from './menu.tsx';
import { openOffer } from './offer_sheet.tsx';
import { FitBadge, Note } from './parts.tsx';
import { confirm } from './sheet.tsx';

function Facts({ model }: { readonly model: LibraryModel }) {
  const facts = [model.by, model.parameters, model.quant, model.languages].filter(Boolean);
  return (
    <p class="model-facts">
      {facts.join(' · ')}
      {model.licence && (
        <>
          {facts.length > 0 && ' · '}
          <a href={model.licenceUrl} target="_blank" rel="noreferrer">
            {model.licence}
            <ExternalLink size={12} aria-hidden="true" />
            <span class="sr"> (opens a page of the licence)</span>
          </a>
        </>
      )}
    </p>
  );
}

export function HereCard({ model }: { readonly model: LibraryModel }) {
  const { id, name, sizeBytes } = model;
  const isOpen = engine.value.type !== 'none' && engine.value.type !== 'failed' && engine.value.id === id;
  const openChat = () => {
    goTo('chat');
    if (!isOpen) void use(id);
  };
  const deletion = {
    icon: Trash2,
    label: 'Delete from this device',
    isDanger: true,
    run: () =>
      confirm({
        title: `Delete ${name}?`,
        text: `${bytes(sizeBytes)} come free. Your chats stay; the model can be fetched again.`,
        yes: 'Delete',
        run: () => void remove(id),
      }),
  };
  return (
    <li class={isOpen ? 'card model-card open' : 'card model-card'}>
      <div class="row">
        <h3 class="grow clip">{name}</h3>
        {isOpen && <span class="badge brass">Open</span>}
        <IconButton
          icon={Ellipsis}
          label={`More about ${name}`}
          aria-haspopup="menu"
          onClick={({ currentTarget }) => openMenu(currentTarget, name, [deletion])}
        />
      </div>
      <Facts model={model} />
      {engine.value.type === 'failed' && engine.value.id === id && (
        <Note kind="no" title={engine.value.trouble.title}>
          {engine.value.trouble.text}
        </Note>
      )}
      <div class="row model-foot">
        <span class="small muted numbers grow">{bytes(sizeBytes)}</span>
        <Button
          look={isOpen ? '' : 'primary'}
          icon={MessageCircle}
          disabled={writing.value !== null}
          onClick={openChat}
        >
          Chat
        </Button>
      </div>
    </li>
  );
}

export function OfferCard({ model }: { readonly model: OfferedModel }) {
  const { id, name, about, sizeBytes } = model;
  const fit = fitOf(model);
  const isComing = downloads.value[id] !== undefined;
  const look = () => openOffer({ id, name, from: { source: sourceOf(model) } });
  const get = () => (fit.verdict === 'fits' ? void getAndUse(model) : look());
  return (
    <li class="card model-card">
      <div class="row">
        <h3 class="grow clip">{name}</h3>
        <FitBadge fit={fit} />
      </div>
      <p class="small">{about}</p>
      <Facts model={model} />
      {fit.verdict !== 'fits' && <p class={`fit-reason ${fit.verdict}`}>{fit.reason}</p>}
      {isComing ? (
        <DownloadView id={id} name={name} />
      ) : (
        <div class="row model-foot">
          <span class="small muted numbers grow">
            {bytes(sizeBytes)}
            {fit.tokensPerSecond !== undefined && ` · ≈ ${rate(fit.tokensPerSecond)}\u00a0tok/s`}
          </span>
          <Button look="quiet" aria-label={`Details of ${name}`} onClick={look}>
            Details
          </Button>
          <Button icon={Download} aria-label={`Get ${name}, ${bytes(sizeBytes)}`} onClick={get}>
            Get
          </Button>
        </div>
      )}
    </li>
  );
}
