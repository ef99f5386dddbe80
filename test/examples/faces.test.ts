import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cliPath } from '../cli/cli.ts';

/** The samples of the README, as a reader runs them. */
const cwd = fileURLToPath(new URL('../../', import.meta.url));

const run = async (name: string, env: NodeJS.ProcessEnv = {}): Promise<string> => {
  const options = { cwd, env: { ...process.env, ...env } };
  return (await promisify(execFile)(process.execPath, [`examples/faces/${name}.mjs`], options)).stdout;
};

describe('examples/faces', () => {
  let server: ChildProcess;
  let address: string;
  beforeAll(async () => {
    server = spawn(process.execPath, [cliPath, 'serve', 'smollm2', '--port', '0'], { cwd });
    const [line] = (await once(createInterface(server.stdout!), 'line')) as [string];
    address = /http:\S+/.exec(line)![0];
  });
  afterAll(async () => {
    server.kill('SIGTERM');
    await once(server, 'close');
  });

  it('OpenAI, without a server', async () => {
    expect(await run('openai')).toMatch(/Loire|Seine|Rh[oô]ne|river/i);
  });

  it('Ollama, held to a schema', async () => {
    expect(await run('ollama', { THIMBLE_SERVER: address })).toMatch(/^\{\s+country: '.*',\s+rivers: \[.*\]\s+\}\n$/s);
  });

  it('the AI SDK, an object', async () => {
    expect(await run('ai_sdk')).toMatch(/^(red|green|blue)\n$/);
  });

  it("Chrome's built-in AI", async () => {
    expect(await run('built_in_ai')).toMatch(/river.*\n.+\n$/is);
  });
});
