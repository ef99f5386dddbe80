import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readResult } from '../../bench/measure/result.ts';
import { absence, browsers, type Browser } from '../browser/browsers.ts';
import { buildSite, type Site } from './site.ts';

/** The page in browsers that nothing here can drive: it presses its own buttons (autopilot.mjs). */

interface Outcome {
  readonly error?: string;
  readonly kept: { readonly result: unknown; readonly nDone: number; readonly nSteps: number };
  readonly said: string;
  readonly problems: readonly string[];
  readonly canvases: number;
}

let site: Site;
beforeAll(() => void (site = buildSite()));
afterAll(() => site?.remove());

/** Runs the page to its end, and ends the browser with all its processes. */
async function outcomeIn(browser: Browser, isolated: boolean): Promise<Outcome> {
  const served = await site.serve({ isolated, driver: 'autopilot.mjs' });
  const profile = mkdtempSync(join(tmpdir(), 'thimble-'));
  const { command, env } = browser.launch(served.url, profile, [])!;
  const [program, ...args] = command;
  const child = spawn(program!, args, {
    ...{ env: { ...process.env, HOME: profile, ...env }, detached: true, stdio: 'ignore' },
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  try {
    const died = exited.then(() => Promise.reject(new Error(`${browser.name} ended`)));
    return (await Promise.race([served.reported, died])) as Outcome;
  } finally {
    try {
      process.kill(-child.pid!, 'SIGKILL');
    } catch {
      // it is gone already
    }
    await exited;
    served.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

const cases = [
  { browser: browsers.firefox, isolated: true, threads: 2 },
  { browser: browsers.firefox, isolated: false, threads: 1 },
  { browser: browsers.webkit, isolated: false, threads: 1 },
];

for (const { browser, isolated, threads } of cases) {
  const missing = absence(browser);
  const where = `${browser.name}, ${isolated ? 'isolated' : 'not isolated'}`;
  describe.skipIf(missing)(missing ? `${where} (skipped: ${missing})` : where, () => {
    it('measures with as many threads as can share memory, and says how many', { timeout: 500_000 }, async () => {
      const { error, kept, said, problems, canvases } = await outcomeIn(browser, isolated);
      expect(error).toBeUndefined();
      expect(problems).toEqual([]);
      const result = readResult(kept.result);
      expect(result).toMatchObject({ plan: 'quick', sharedMemory: threads > 1 });
      expect(Math.min(result.threads, 2)).toBe(threads);
      expect(result.device.engine).toMatch(browser === browsers.firefox ? /^Firefox \d+/ : /^Safari \d+/);
      expect(kept.nDone).toBe(kept.nSteps);
      for (const { timing, error, tolerance } of result.kernels) {
        expect(error).toBeLessThanOrEqual(tolerance);
        expect(timing!.ms).toBeGreaterThan(0);
      }
      expect(result.models.map(({ threads }) => threads)).toEqual(threads === 1 ? [1] : [result.threads, 1]);
      expect(said).toContain(threads === 1 ? 'not cross-origin isolated' : 'How many times as fast');
      // WebKitGTK calls its language C where no other is installed, which the charts' library does not take: tables stay
      if (!said.includes('No chart can be drawn here')) expect(canvases).toBe(threads === 1 ? 1 : 2);
    });
  });
}
