/** What left this device: as the browser counts it, not as we promise it. */
import { useSignal } from '@preact/signals';
import { Globe, House, ShieldCheck, X } from 'lucide-preact';
import { useEffect } from 'preact/hooks';
import { bytes, dateTime, plural } from '../app/format.ts';
import { foreign, requests, type Request } from '../app/network.ts';
import { chosenHosts, forgetHost } from '../offline/index.ts';
import { ActionRow, Group } from './fields.tsx';
import { ScreenBar } from './top_bar.tsx';

export function PrivacyScreen() {
  const hosts = new Map<string, Request[]>();
  for (const request of requests.value) hosts.set(request.host, [...(hosts.get(request.host) ?? []), request]);
  return (
    <div class="screen">
      <ScreenBar title="Privacy" />
      <div class="page">
        <div class="page-inner">
          <section class="verdict">
            <ShieldCheck size={44} strokeWidth={1.5} aria-hidden="true" />
            <p class="muted">What you wrote that left this device</p>
            <p class="verdict-word">Nothing</p>
            <p class="muted small">
              {foreign.value.length === 0
                ? 'Since this page was opened it has talked to no other host than the one it came from.'
                : `Since this page was opened it fetched models from ${plural(new Set(foreign.value.map(({ host }) => host)).size, 'host')} that you chose. It sent them nothing but the request for the file.`}
            </p>
          </section>
          <Group
            title="Every request of this page"
            note="The list is the browser's own, with what the app's workers ask for: a model counts as one request to the host that was asked; that host may hand the file out by another one (Hugging Face: hf.co). A Content-Security-Policy keeps the page from asking anyone but its own host and the hosts of models."
          >
            {hosts.size === 0 ? (
              <p class="list-block muted">None so far: the app came from this device.</p>
            ) : (
              [...hosts].map(([host, made]) => <Host key={host} host={host} made={made} />)
            )}
          </Group>
          <Chosen />
        </div>
      </div>
    </div>
  );
}

/** Hosts that the user let the page talk to. */
function Chosen() {
  const chosen = useSignal<readonly string[]>([]);
  useEffect(
    () =>
      void chosenHosts().then(
        (hosts) => (chosen.value = hosts),
        () => undefined,
      ),
    [],
  );
  if (chosen.value.length === 0) return null;
  const forget = async (host: string) => {
    await forgetHost(host);
    chosen.value = await chosenHosts();
  };
  return (
    <Group
      title="Hosts you allowed"
      note="For models from an address. One that is forgotten is asked no more after a reload."
    >
      {chosen.value.map((host) => (
        <ActionRow key={host} icon={X} label={host} hint="Forget this host" onClick={() => void forget(host)} />
      ))}
    </Group>
  );
}

function Host({ host, made }: { readonly host: string; readonly made: readonly Request[] }) {
  const isOwn = host === location.host;
  const received = made.reduce((sum, { receivedBytes }) => sum + receivedBytes, 0);
  const Icon = isOwn ? House : Globe;
  return (
    <details class="host">
      <summary>
        <Icon size={20} strokeWidth={1.9} aria-hidden="true" />
        <span class="grow clip">
          <span class="list-label clip">{host}</span>
          <span class="hint">{isOwn ? 'Where this app comes from' : 'A host of models'}</span>
        </span>
        <span class="small muted numbers">
          {plural(made.length, 'request')}
          {received > 0 && `, ${bytes(received)}`}
        </span>
      </summary>
      <ol class="requests">
        {made.slice(-100).map(({ url, time, receivedBytes }, i) => (
          <li key={i}>
            <span class="clip grow" title={url}>
              {new URL(url).pathname}
            </span>
            <span class="numbers muted" title={dateTime(time)}>
              {receivedBytes > 0 ? bytes(receivedBytes) : isOwn ? 'from the cache' : 'size not told'}
            </span>
          </li>
        ))}
      </ol>
    </details>
  );
}
