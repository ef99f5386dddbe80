import { useState } from 'preact/hooks';
import type { DeviceResult } from '../../../../bench/measure/result.ts';
import { keep } from '../kept.ts';
import { downloadResult } from '../share/files.ts';
import { resultLink } from '../share/link.ts';
import { own } from '../state.ts';
import { Section } from './section.tsx';

const page = (): string => location.href.replace(/#.*$/, '');

/** The system's own sheet on phones, the clipboard elsewhere; where neither is allowed, the link to copy by hand. */
async function share(result: DeviceResult): Promise<{ said: string; link?: string }> {
  const link = await resultLink(result, page());
  const { share: sheet } = navigator as { share?: (data: ShareData) => Promise<void> };
  if (sheet && matchMedia('(pointer: coarse)').matches) {
    const outcome = await sheet.call(navigator, { title: 'thimble bench', url: link }).then(
      () => 'shared',
      (error: Error) => error.name,
    );
    if (outcome === 'shared' || outcome === 'AbortError') return { said: '' };
  }
  return navigator.clipboard.writeText(link).then(
    () => ({ said: 'The link is copied. It holds the whole result; nothing was sent anywhere.' }),
    () => ({ said: 'Copy this link:', link }),
  );
}

function rename(name: string): void {
  if (!own.value) return;
  const { result } = own.value;
  own.value = { ...own.value, result: { ...result, device: { ...result.device, name } } };
  keep(own.value);
}

/** To others, and to files. */
export function Sharing({ result, isOwn }: { readonly result: DeviceResult; readonly isOwn: boolean }) {
  const [outcome, setOutcome] = useState<{ said: string; link?: string }>({ said: '' });
  const shareHere = (): Promise<void> =>
    share(result).then(setOutcome, (error: Error) =>
      setOutcome({ said: `No link can be made here: ${error.message}. Share the JSON file instead.` }),
    );
  return (
    <Section id="sharing" title="Keep and share" about="A link carries the result in itself: no server stores it.">
      {isOwn && (
        <label class="field">
          <span>This device's name</span>
          <input
            type="text"
            maxLength={60}
            value={result.device.name}
            onChange={(event) => rename(event.currentTarget.value.trim() || result.device.system)}
          />
        </label>
      )}
      <div class="row">
        <button type="button" class="secondary" onClick={() => void shareHere()}>
          Share link
        </button>
        <button type="button" class="secondary" onClick={() => downloadResult(result, 'json')}>
          JSON
        </button>
        <button type="button" class="secondary" onClick={() => downloadResult(result, 'csv')}>
          CSV
        </button>
      </div>
      <p class="said" role="status">
        {outcome.said}
      </p>
      {outcome.link && (
        <input
          class="link"
          type="text"
          readOnly
          aria-label="Link to this result"
          value={outcome.link}
          onFocus={(event) => event.currentTarget.select()}
        />
      )}
    </Section>
  );
}
