/** An answer's Markdown. Until its module is merged: plain text. */
interface MarkdownProps {
  readonly text: string;
  readonly isWhole: boolean;
}

export function Markdown({ text, isWhole }: MarkdownProps) {
  return (
    <div class={isWhole ? 'md plain' : 'md plain growing'} dir="auto">
      {text}
    </div>
  );
}
