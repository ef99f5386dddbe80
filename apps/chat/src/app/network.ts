/** Every request that this page really made, as the browser itself reports it. */
import { computed, signal } from '@preact/signals';

export interface Request {
  readonly url: string;
  readonly host: string;
  readonly time: number;
  readonly receivedBytes: number;
}

export const requests = signal<readonly Request[]>([]);

/** Requests to hosts that are not this page's own: only models that the user chose make any. */
export const foreign = computed(() => requests.value.filter(({ host }) => host !== location.host));

export function watchNetwork(): void {
  performance.setResourceTimingBufferSize?.(2000);
  const observer = new PerformanceObserver((entries) => {
    const seen = entries.getEntries() as PerformanceResourceTiming[];
    const made = seen.filter(({ name }) => /^https?:/.test(name)).map(requestOf);
    if (made.length > 0) requests.value = [...requests.value, ...made].slice(-2000);
  });
  observer.observe({ type: 'resource', buffered: true });
}

function requestOf({ name, startTime, transferSize }: PerformanceResourceTiming): Request {
  const { host, origin, pathname } = new URL(name);
  return { url: origin + pathname, host, time: performance.timeOrigin + startTime, receivedBytes: transferSize };
}

/** Workers fetch models; the page's own list does not have those. @returns what is told how much has come */
export function noteRequest(url: string): (receivedBytes: number) => void {
  const { host, origin, pathname } = new URL(url, document.baseURI);
  let noted: Request = { url: origin + pathname, host, time: Date.now(), receivedBytes: 0 };
  requests.value = [...requests.value, noted];
  return (receivedBytes) => {
    const now = { ...noted, receivedBytes };
    requests.value = requests.value.map((each) => (each === noted ? now : each));
    noted = now;
  };
}
