/** Small things that many screens show. */
import { CircleAlert, CircleCheck, CircleMinus, Info, TriangleAlert } from 'lucide-preact';
import type { LucideIcon } from 'lucide-preact';
import type { ComponentChildren } from 'preact';
import { percent } from '../app/format.ts';
import type { Fit } from '../models/fit.ts';

/** A thimble, seen from the side, with the dimples of one. */
export function Logo({ size = 56 }: { readonly size?: number }) {
  const dots = ['32 16', '27.5 22.5', '36.5 22.5', '32 29', '25.5 31', '38.5 31', '29 37.5', '35 37.5'];
  return (
    <svg class="logo" width={size} height={size} viewBox="0 0 64 64" aria-hidden="true">
      <path class="logo-body" d="M18.5 49 22.5 19.500C23.3 13 26.5 8.5 32 8.500s8.7 4.5 9.5 11L45.5 49Z" />
      <rect class="logo-rim" x="14" y="46" width="36" height="8" rx="4" />
      <g class="logo-dots">
        {dots.map((dot) => {
          const [x, y] = dot.split(' ');
          return <circle key={dot} cx={x} cy={y} r="1.9" />;
        })}
      </g>
    </svg>
  );
}

interface ProgressProps {
  readonly label: string;
  /** 0 to 1; undefined: nobody knows. */
  readonly part: number | undefined;
}

export function Progress({ label, part }: ProgressProps) {
  const isKnown = part !== undefined && Number.isFinite(part);
  return (
    <div
      class={isKnown ? 'progress' : 'progress waits'}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      {...(isKnown ? { 'aria-valuenow': Math.round(part * 100), 'aria-valuetext': percent(part) } : {})}
    >
      <span style={{ '--part': isKnown ? part : 0 }} />
    </div>
  );
}

interface NoteProps {
  readonly kind?: 'no' | 'warn' | 'ok' | 'info';
  readonly title?: string;
  readonly children?: ComponentChildren;
  readonly actions?: ComponentChildren;
}

const noteIcons: Readonly<Record<string, LucideIcon>> = {
  no: CircleAlert,
  warn: TriangleAlert,
  ok: CircleCheck,
  info: Info,
};

export function Note({ kind = 'info', title, children, actions }: NoteProps) {
  const Icon = noteIcons[kind]!;
  return (
    <div class={`note ${kind}`} role={kind === 'no' ? 'alert' : undefined}>
      <Icon size={20} aria-hidden="true" />
      <div class="grow">
        {title && <strong>{title}</strong>}
        {children && <div class="note-text">{children}</div>}
        {actions && <div class="row">{actions}</div>}
      </div>
    </div>
  );
}

const verdicts = {
  fits: { look: 'ok', label: 'Fits', icon: CircleCheck },
  tight: { look: 'warn', label: 'Tight', icon: TriangleAlert },
  no: { look: 'no', label: 'Does not fit', icon: CircleMinus },
} as const;

export function FitBadge({ fit }: { readonly fit: Fit }) {
  const { look, label, icon: Icon } = verdicts[fit.verdict];
  return (
    <span class={`badge ${look}`}>
      <Icon size={14} strokeWidth={2.4} aria-hidden="true" />
      {label}
    </span>
  );
}

interface EmptyProps {
  readonly icon: LucideIcon;
  readonly title: string;
  readonly children?: ComponentChildren;
}

export function Empty({ icon: Icon, title, children }: EmptyProps) {
  return (
    <div class="empty">
      <Icon size={36} strokeWidth={1.5} aria-hidden="true" />
      <h2>{title}</h2>
      {children}
    </div>
  );
}
