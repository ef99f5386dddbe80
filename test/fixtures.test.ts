import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const folder = fileURLToPath(new URL('fixtures/', import.meta.url));

/** What goldens are asked for, and hashes of thimble's own numbers. */
const inputs = /^(models\/prompts|tokenizers\/texts|chat\/conversations|engines\/logits)\.json$/;

const files = readdirSync(folder, { recursive: true })
  .map((file) => String(file).replaceAll('\\', '/'))
  .filter((file) => file.endsWith('.json') && !inputs.test(file));

it.each(files)('%s says which engine made it, and its version', (file) => {
  const { engine, engines } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as {
    engine?: string;
    engines?: object;
  };
  expect(JSON.stringify(engine ?? engines)).toMatch(/[a-z][^"]* v?\d+\.\d+/i);
});
