/** Buttons. One without words has a label, which is its name and its tooltip. */
import type { LucideIcon } from 'lucide-preact';
import type { ComponentChildren, ComponentProps } from 'preact';

type ButtonProps = Omit<ComponentProps<'button'>, 'icon'> & {
  readonly icon?: LucideIcon | undefined;
  /** `primary`, `quiet`, `outline`, `danger`, `large`, `wide` */
  readonly look?: string;
  readonly children?: ComponentChildren;
};

export function Button({ icon: Icon, look = '', children, ...rest }: ButtonProps) {
  return (
    <button type="button" {...rest} class={`button ${look}`}>
      {Icon && <Icon size={18} aria-hidden="true" />}
      {children}
    </button>
  );
}

type IconButtonProps = Omit<ComponentProps<'button'>, 'icon' | 'label'> & {
  readonly icon: LucideIcon;
  readonly label: string;
  readonly size?: number;
  readonly look?: string;
};

export function IconButton({ icon: Icon, label, size = 21, look = '', ...rest }: IconButtonProps) {
  return (
    <button type="button" aria-label={label} title={label} {...rest} class={`icon-button ${look}`}>
      <Icon size={size} strokeWidth={1.9} aria-hidden="true" />
    </button>
  );
}
