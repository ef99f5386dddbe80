import { spawn } from 'node:child_process';
import { accessSync, constants, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { serve, type ServeOptions, type TestServer } from './server.ts';

/** How to start a browser on a page, with nothing to watch it on and no driver: the page itself asks for its steps. */
interface Launch {
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface Browser {
  readonly name: string;
  /** Whether a cross-origin isolated page gets SharedArrayBuffer. */
  readonly sharesMemory: boolean;
  /** What has to be installed, in Debian's words. */
  readonly packages: string;
  /** @returns undefined when it is not installed */
  launch(url: string, profile: string, flags: readonly string[]): Launch | undefined;
}

export interface Page {
  /** The process that was started; browsers are many more. */
  readonly pid: number;
  ask(step: string, ...args: readonly unknown[]): Promise<unknown>;
  close(): Promise<void>;
}

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The first of these programs that is on the PATH. */
function onPath(...names: string[]): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const files = names.flatMap((name) => folders.map((folder) => join(folder, name)));
  return files.find(isProgram);
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** WebKitGTK's small browser is not on the PATH: /usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser. */
function miniBrowser(): string | undefined {
  if (!existsSync('/usr/lib')) return undefined;
  const folders = readdirSync('/usr/lib', { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return folders.map(({ name }) => join('/usr/lib', name, 'webkit2gtk-4.1/MiniBrowser')).find(isProgram);
}

const isRoot = process.getuid?.() === 0;

export const chromiumPath = (): string | undefined => onPath('chromium', 'chromium-browser', 'google-chrome');

const chromium: Browser = {
  name: 'chromium',
  sharesMemory: true,
  packages: 'chromium',
  launch(url, profile, flags) {
    const program = chromiumPath();
    if (!program) return undefined;
    const quiet = ['--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
    const sandbox = isRoot ? ['--no-sandbox'] : []; // it refuses to run as root otherwise
    const headless = ['--headless', '--disable-gpu', '--disable-dev-shm-usage', `--user-data-dir=${profile}`];
    return { command: [program, ...headless, ...sandbox, ...quiet, ...flags, url] };
  },
};

const firefox: Browser = {
  name: 'firefox',
  sharesMemory: true,
  packages: 'firefox-esr',
  launch(url, profile) {
    const program = onPath('firefox-esr', 'firefox');
    if (!program) return undefined;
    const prefs = {
      'browser.shell.checkDefaultBrowser': false,
      'browser.aboutwelcome.enabled': false,
      'datareporting.policy.dataSubmissionEnabled': false,
      'toolkit.telemetry.reportingpolicy.firstRun': false,
      'app.update.enabled': false,
      'network.captive-portal-service.enabled': false,
      'network.connectivity-service.enabled': false,
    };
    const lines = Object.entries(prefs).map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${value});\n`);
    writeFileSync(join(profile, 'user.js'), lines.join(''));
    const env: Record<string, string> = isRoot ? { MOZ_DISABLE_CONTENT_SANDBOX: '1' } : {};
    return { command: [program, '--headless', '--no-remote', '--profile', profile, url], env };
  },
};

const webkitPackages = 'libwebkit2gtk-4.1-0 xvfb xauth dbus';

/** It has no headless mode: a display and a message bus of its own. */
function webkitCommand(url: string): readonly string[] | undefined {
  const [bus, display, program] = [onPath('dbus-run-session'), onPath('xvfb-run'), miniBrowser()];
  return bus && display && program ? [bus, '--', display, '-a', program, url] : undefined;
}

const webkit: Browser = {
  name: 'webkit',
  sharesMemory: false,
  packages: webkitPackages,
  launch(url) {
    const command = webkitCommand(url);
    return command && { command };
  },
};

/** WebKitGTK has threads, but keeps SharedArrayBuffer behind a switch. */
const webkitThreads: Browser = {
  name: 'webkit, threads on',
  sharesMemory: true,
  packages: webkitPackages,
  launch(url) {
    const command = webkitCommand(url);
    return command && { command, env: { JSC_useSharedArrayBuffer: '1' } };
  },
};

export const browsers = { chromium, firefox, webkit, webkitThreads } as const;

/** Why a browser cannot be tested here; undefined when it can. */
export function absence({ launch, packages }: Browser): string | undefined {
  const profile = mkdtempSync(join(tmpdir(), 'thimble-'));
  const found = launch('about:blank', profile, []);
  rmSync(profile, { recursive: true });
  return found ? undefined : `not installed; on Debian: apt-get install ${packages}`;
}

/** Milliseconds until a page that says nothing is given up. */
const usualPatienceMs = 150_000;

export interface PageOptions extends Omit<ServeOptions, 'root'> {
  readonly flags?: readonly string[];
  /** Another page than page.html, seen from the repository. */
  readonly path?: string;
  /** By the other name of its server, which makes it a page of another origin. */
  readonly foreign?: boolean;
  /** Until an answer is given up. */
  readonly patienceMs?: number;
}

/** Opens page.mjs in a browser with a profile of its own. */
export async function openPage(
  browser: Browser,
  { flags = [], path = '', foreign = false, patienceMs = usualPatienceMs, ...options }: PageOptions,
): Promise<Page> {
  const server = await serve({ root, ...options });
  const address = `${foreign ? server.foreignUrl : server.url}${path}`;
  return openOn(browser, address, server, { flags, patienceMs });
}

/** Opens a page that asks its server for steps. */
export async function openOn(
  browser: Browser,
  address: string,
  server: Pick<TestServer, 'ask' | 'close'>,
  { flags = [], patienceMs = usualPatienceMs }: Pick<PageOptions, 'flags' | 'patienceMs'> = {},
): Promise<Page> {
  const profile = mkdtempSync(join(tmpdir(), 'thimble-'));
  const launch = browser.launch(address, profile, flags);
  if (!launch) throw new Error(`${browser.name} is not installed`);
  const [program, ...args] = launch.command;
  // a process group of its own: browsers are many processes, and all of them have to go
  const env = { ...process.env, HOME: profile, ...launch.env };
  const child = spawn(program!, args, { env, detached: true, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-2000)));
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const kill = () => {
    try {
      process.kill(-child.pid!, 'SIGKILL');
    } catch {
      // it is gone already
    }
  };
  process.once('exit', kill);
  const gone = exited.then(() => Promise.reject(new Error(`${browser.name} ended: ${said}`)));
  gone.catch(() => undefined); // it is told to whoever asks
  return {
    pid: child.pid!,
    async ask(step, ...args) {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const late = new Promise<never>((_, reject) => {
        const why = `${browser.name} has not answered ${step} in ${patienceMs / 1000} s: ${said}`;
        timer = setTimeout(() => reject(new Error(why)), patienceMs);
      });
      return Promise.race([server.ask(step, args), gone, late]).finally(() => clearTimeout(timer));
    },
    async close() {
      kill();
      await exited;
      process.off('exit', kill);
      server.close();
      rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    },
  };
}
