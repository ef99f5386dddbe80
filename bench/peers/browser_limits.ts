import { fileURLToPath } from 'node:url';
import { openPage } from './chromium.ts';
import { defaultPeersDir, installPeers } from './install.ts';

export interface PageLimit {
  readonly name: string;
  readonly amount: number;
  readonly samples: number[];
}

/** What one thread of a page can do at most, with the relaxed build. */
export async function chromiumLimits(
  { peers = defaultPeersDir(), chromium }: { peers?: string; chromium: string },
  sweepBytes: number,
  rounds: number,
): Promise<{ version: string; results: PageLimit[] }> {
  installPeers(peers, ['playwright-core']);
  const page = await openPage({
    dir: peers,
    chromium,
    mounts: { bench: fileURLToPath(new URL('.', import.meta.url)) },
  });
  try {
    const wasm = '/bench/limits.relaxed.wasm';
    const results = await page.call<PageLimit[]>('/bench/limits_page.js', 'measure', wasm, sweepBytes, rounds);
    return { version: page.version, results };
  } finally {
    await page.close();
  }
}
