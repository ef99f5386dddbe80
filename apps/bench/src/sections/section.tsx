import type { ComponentChildren } from 'preact';

interface SectionProps {
  readonly id: string;
  readonly title: string;
  /** What the numbers mean, in a sentence or two. */
  readonly about?: string;
  readonly children?: ComponentChildren;
}

export const Section = ({ id, title, about, children }: SectionProps) => (
  <section class="card" aria-labelledby={id}>
    <h2 id={id}>{title}</h2>
    {about && <p class="about">{about}</p>}
    {children}
  </section>
);

/** `±3 %`, where a number has a spread worth telling. */
export const Spread = ({ of }: { readonly of: number }) => (
  <span class="spread">±{Number.isFinite(of) ? Math.round(100 * of) : '?'} %</span>
);
