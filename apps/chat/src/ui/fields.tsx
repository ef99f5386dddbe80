/** Fields of settings: switches, choices, sliders, texts. */
import type { LucideIcon } from 'lucide-preact';
import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

interface SwitchProps {
  readonly label: string;
  readonly hint?: string | undefined;
  readonly isOn: boolean;
  readonly onChange: (isOn: boolean) => void;
}

export function SwitchRow({ label, hint, isOn, onChange }: SwitchProps) {
  const id = useId();
  return (
    <button
      type="button"
      role="switch"
      class="list-row"
      aria-checked={isOn}
      aria-labelledby={`${id}-label`}
      aria-describedby={hint ? `${id}-hint` : undefined}
      onClick={() => onChange(!isOn)}
    >
      <span class="grow">
        <span id={`${id}-label`} class="list-label">
          {label}
        </span>
        {hint && (
          <span id={`${id}-hint`} class="hint">
            {hint}
          </span>
        )}
      </span>
      <span class="switch" aria-hidden="true" />
    </button>
  );
}

interface Choice<T> {
  readonly value: T;
  readonly label: string;
  readonly icon?: LucideIcon;
}

interface SegmentsProps<T> {
  readonly label: string;
  readonly value: T;
  readonly choices: readonly Choice<T>[];
  readonly onChange: (value: T) => void;
  readonly hint?: string;
}

export function Segments<T extends string | number>({ label, value, choices, onChange, hint }: SegmentsProps<T>) {
  const id = useId();
  return (
    <fieldset class="list-block">
      <legend class="list-label">{label}</legend>
      <div class="segments">
        {choices.map(({ value: choice, label, icon: Icon }) => (
          <label key={choice}>
            <input type="radio" name={id} checked={choice === value} onChange={() => onChange(choice)} />
            <span>
              {Icon && <Icon size={17} aria-hidden="true" />}
              {label}
            </span>
          </label>
        ))}
      </div>
      {hint && <p class="hint">{hint}</p>}
    </fieldset>
  );
}

interface SliderProps {
  readonly label: string;
  readonly hint?: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  readonly shown?: string;
  readonly onChange: (value: number) => void;
}

export function Slider({ label, hint, value, shown = String(value), onChange, ...limits }: SliderProps) {
  const id = useId();
  return (
    <div class="list-block">
      <div class="row">
        <label for={id} class="list-label grow">
          {label}
        </label>
        <output for={id} class="numbers muted">
          {shown}
        </output>
      </div>
      <input
        id={id}
        class="slider"
        type="range"
        {...limits}
        value={value}
        style={{ '--at': (value - limits.min) / (limits.max - limits.min || 1) }}
        aria-valuetext={shown}
        aria-describedby={hint ? `${id}-hint` : undefined}
        onInput={({ currentTarget }) => onChange(Number(currentTarget.value))}
      />
      {hint && (
        <p id={`${id}-hint`} class="hint">
          {hint}
        </p>
      )}
    </div>
  );
}

interface TextProps {
  readonly label: string;
  readonly value: string;
  readonly onInput: (value: string) => void;
  readonly hint?: string;
  readonly rows?: number;
  readonly placeholder?: string;
  readonly type?: string;
  readonly isFirst?: boolean;
}

export function TextField({ label, value, onInput, hint, rows, placeholder, type, isFirst = false }: TextProps) {
  const id = useId();
  const described = hint ? { 'aria-describedby': `${id}-hint` } : {};
  const shared = { ...described, id, value, placeholder, class: 'input', dir: 'auto', autoFocus: isFirst } as const;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {rows ? (
        <textarea rows={rows} {...shared} onInput={({ currentTarget }) => onInput(currentTarget.value)} />
      ) : (
        <input
          type={type ?? 'text'}
          autocomplete="off"
          {...shared}
          onInput={({ currentTarget }) => onInput(currentTarget.value)}
        />
      )}
      {hint && (
        <p id={`${id}-hint`} class="hint">
          {hint}
        </p>
      )}
    </div>
  );
}

interface GroupProps {
  readonly title?: string;
  readonly note?: ComponentChildren;
  readonly children: ComponentChildren;
}

/** Rows that belong together, on one card. */
export function Group({ title, note, children }: GroupProps) {
  return (
    <section class="group">
      {title && <h2 class="group-title">{title}</h2>}
      <div class="card">{children}</div>
      {note && <p class="hint group-note">{note}</p>}
    </section>
  );
}

interface ActionRowProps {
  readonly icon?: LucideIcon;
  readonly label: string;
  readonly hint?: string | undefined;
  readonly value?: string;
  readonly isDanger?: boolean;
  readonly onClick: () => void;
}

export function ActionRow({ icon: Icon, label, hint, value, isDanger = false, onClick }: ActionRowProps) {
  return (
    <button type="button" class={isDanger ? 'list-row danger' : 'list-row'} onClick={onClick}>
      {Icon && <Icon size={20} strokeWidth={1.9} aria-hidden="true" />}
      <span class="grow">
        <span class="list-label">{label}</span>
        {hint && <span class="hint">{hint}</span>}
      </span>
      {value && <span class="muted small">{value}</span>}
    </button>
  );
}
