/** What this is, and whose work it stands on. */
import { offered } from '../models/catalogue.ts';
import { Group } from './fields.tsx';
import { Logo } from './parts.tsx';
import { ScreenBar } from './top_bar.tsx';

/** Libraries in the app, and their licences. */
const libraries: readonly (readonly [name: string, purpose: string, licence: string])[] = [
  ['Preact, Preact Signals', 'the screens', 'MIT'],
  ['Lucide', 'icons', 'ISC'],
  ['marked', 'Markdown', 'MIT'],
  ['DOMPurify', 'keeps answers harmless', 'Apache-2.0 / MPL-2.0'],
  ['highlight.js', 'colours of code', 'BSD-3-Clause'],
  ['Temml', 'formulas', 'MIT'],
  ['PDF.js', 'text of PDF files', 'Apache-2.0'],
  ['MiniSearch', 'search', 'MIT'],
  ['idb', 'storage', 'ISC'],
];

export function AboutScreen() {
  return (
    <div class="screen">
      <ScreenBar title="About" />
      <div class="page">
        <div class="page-inner">
          <section class="verdict">
            <Logo size={72} />
            <p class="wordmark large">thimble</p>
            <p class="muted small">
              A transformer engine written from scratch in TypeScript and WebAssembly. Version {APP_VERSION}, MIT
              licence.
            </p>
          </section>
          <Group title="Models" note="Each model has its own licence. What it writes may be wrong; check what matters.">
            {offered.map(({ id, name, by, licence, licenceUrl }) => (
              <a key={id} class="list-row" href={licenceUrl} target="_blank" rel="noreferrer">
                <span class="grow">
                  <span class="list-label">{name}</span>
                  <span class="hint">{by}</span>
                </span>
                <span class="muted small">{licence}</span>
              </a>
            ))}
          </Group>
          <Group title="Libraries">
            {libraries.map(([name, purpose, licence]) => (
              <div key={name} class="list-row">
                <span class="grow">
                  <span class="list-label">{name}</span>
                  <span class="hint">{purpose}</span>
                </span>
                <span class="muted small">{licence}</span>
              </div>
            ))}
          </Group>
        </div>
      </div>
    </div>
  );
}
