import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { openModel } from 'thimble';
import { ResourceError } from '../../src/base/errors.ts';
import { spawn } from '../../src/platform/node.ts';
import { EngineClient } from '../../src/api/engine_client.ts';
import { tinyModel } from '../helpers/tiny_models.ts';

const script = (code: string): URL => new URL(`data:text/javascript,${encodeURIComponent(code)}`);

describe("an engine's thread that dies", () => {
  it.each([
    ['exits', 'process.exit(7)', /died: .* exited with code 7; open the model again/],
    ['throws', "throw new Error('out of luck')", /died: out of luck; open the model again/],
  ])('rejects the pending call with its reason when it %s', async (_, code, message) => {
    const dying = `import { parentPort } from 'node:worker_threads'; parentPort.on('message', () => { ${code} });`;
    const client = new EngineClient(spawn(script(dying), 'test'));
    const pending = client.call('tokenize', { prompt: 'hello' });
    await expect(pending).rejects.toThrow(ResourceError);
    await expect(pending).rejects.toThrow(message);
    await expect(client.call('tokenize', { prompt: 'again' })).rejects.toThrow(message);
  });

  it('leaves the next openModel working', async () => {
    const worker = new Worker('process.exit(1)', { eval: true });
    await new Promise((resolve) => worker.on('exit', resolve));
    const model = await openModel(new Blob([tinyModel('llama').slice()]));
    expect((await model.generate([1, 2], { maxTokens: 2, ignoreEos: true }).result).tokens).toHaveLength(2);
    await model.close();
  });
});
