/** Models: those that are here, those that can be had, and the user's own. */
import { Box, HardDrive, Link, Upload } from 'lucide-preact';
import { useEffect, useRef } from 'preact/hooks';
import { bytes, percent } from '../app/format.ts';
import { measureDevice } from '../models/device.ts';
import { ownDownloads } from '../models/downloads.ts';
import { here, storeTrouble, titleOf, toGet, usage } from '../models/library.ts';
import { openAddModel } from './add_model.tsx';
import { DownloadView } from './download_state.tsx';
import { ActionRow, Group } from './fields.tsx';
import { HereCard, OfferCard } from './model_card.tsx';
import { openOffer } from './offer_sheet.tsx';
import { Note } from './parts.tsx';
import { ScreenBar } from './top_bar.tsx';

export function ModelsScreen() {
  useEffect(() => void measureDevice(), []);
  return (
    <div class="screen">
      <ScreenBar title="Models" />
      <div class="page">
        <div class="page-inner broad">
          <OnThisDevice />
          {ownDownloads.value.length > 0 && (
            <section class="group">
              <h2 class="group-title">On the way</h2>
              <ul class="cards">
                {ownDownloads.value.map((id) => (
                  <li key={id} class="card model-card">
                    <h3>{titleOf(id)}</h3>
                    <DownloadView id={id} name={titleOf(id)} />
                  </li>
                ))}
              </ul>
            </section>
          )}
          {toGet.value.length > 0 && (
            <section class="group">
              <h2 class="group-title">To get</h2>
              <p class="hint group-lead">
                Larger models know more and are slower. The badge says whether a model fits into the memory that this
                browser gives.
              </p>
              <ul class="cards">
                {toGet.value.map((model) => (
                  <OfferCard key={model.id} model={model} />
                ))}
              </ul>
            </section>
          )}
          <YourOwn />
        </div>
      </div>
    </div>
  );
}

function OnThisDevice() {
  return (
    <section class="group">
      <h2 class="group-title">On this device</h2>
      {here.value.length === 0 ? (
        <div class="card empty">
          <Box size={32} strokeWidth={1.5} aria-hidden="true" />
          <p>No model yet. Get one below; the first one is small.</p>
        </div>
      ) : (
        <ul class="cards">
          {here.value.map((model) => (
            <HereCard key={model.id} model={model} />
          ))}
        </ul>
      )}
      <Storage />
    </section>
  );
}

/** How much of what the browser allows is taken. */
function Storage() {
  if (storeTrouble.value) {
    return (
      <Note kind="warn" title="This browser keeps no models here">
        A model comes into memory each time, and is gone with this tab. Private windows are like that.
      </Note>
    );
  }
  if (!usage.value) return null;
  const { usedBytes, quotaBytes, isPersistent } = usage.value;
  const part = quotaBytes ? usedBytes / quotaBytes : 0;
  return (
    <div class="storage">
      <HardDrive size={18} aria-hidden="true" />
      <div class="grow">
        <p class="tiny muted numbers">
          {bytes(usedBytes)} used
          {quotaBytes && ` of ${bytes(quotaBytes)} that the browser allows (${percent(part)})`}
        </p>
        <div class="meter" aria-hidden="true">
          <span style={{ '--part': Math.max(part, usedBytes > 0 ? 0.01 : 0) }} />
        </div>
        <p class="tiny muted">
          {isPersistent
            ? 'Protected: the browser does not clear it by itself.'
            : 'The browser may clear it when the device runs low on room. Installing the app protects it.'}
        </p>
      </div>
    </div>
  );
}

function YourOwn() {
  const input = useRef<HTMLInputElement>(null);
  const take = (files: readonly File[]) => {
    const { name } = files[0] ?? {};
    if (name !== undefined) openOffer({ id: name, name: titleOf(name), from: { files } });
  };
  return (
    <Group
      title="Your own"
      note="Any chat model in the GGUF format: Llama, Qwen, Gemma, Phi, SmolLM, Granite, OLMo, Mistral and relatives."
    >
      <ActionRow
        icon={Upload}
        label="Open a GGUF file"
        hint="One file, or all shards of a split one"
        onClick={() => input.current!.click()}
      />
      <ActionRow
        icon={Link}
        label="From an address"
        hint="A link to a file, or a Hugging Face path"
        onClick={() => openAddModel()}
      />
      <input
        ref={input}
        type="file"
        hidden
        multiple
        accept=".gguf"
        onChange={({ currentTarget }) => {
          take([...(currentTarget.files ?? [])]);
          currentTarget.value = '';
        }}
      />
    </Group>
  );
}
