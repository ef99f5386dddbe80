/** The clients of PyPI, where a Python is here that has them: THIMBLE_PYTHON names it. */
import { execFile, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { openModel } from 'thimble';
import { wordyEncoder } from '../helpers/tiny_encoders.ts';
import { openStories, startServer } from './helpers.ts';

const script = fileURLToPath(new URL('../../scripts/server_clients.py', import.meta.url));
const python = process.env['THIMBLE_PYTHON'] ?? 'python3';
const hasClients = spawnSync(python, ['-c', 'import openai, ollama']).status === 0;

it.skipIf(!hasClients)('the clients openai and ollama of PyPI (needs a Python with both: THIMBLE_PYTHON)', async () => {
  await using stories = await openStories();
  await using minilm = await openModel(new Blob([wordyEncoder('bert-mean')]), { threads: 1 });
  const server = await startServer({ models: { stories, minilm } });
  const { said, code } = await new Promise<{ said: string; code: unknown }>((resolve) =>
    execFile(python, [script, server.address, 'stories', 'minilm'], (error, stdout, stderr) =>
      resolve({ said: stdout + stderr, code: error?.code ?? 0 }),
    ),
  );
  await server.close();
  expect(said.split('\n').filter((line) => line.startsWith('failed'))).toEqual([]);
  expect(code, said).toBe(0);
});
