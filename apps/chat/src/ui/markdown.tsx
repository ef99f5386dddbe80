/** An answer's Markdown. Its module comes on demand; the bare text stands there until it is loaded. */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { copy } from '../app/sharing.ts';
import type { MarkdownView } from '../markdown/index.ts';

interface MarkdownProps {
  readonly text: string;
  readonly isWhole: boolean;
}

type Module = typeof import('../markdown/index.ts');
let loaded: Module | undefined;

const load = async (): Promise<Module> => (loaded ??= await import('../markdown/index.ts'));

export function Markdown({ text, isWhole }: MarkdownProps) {
  const [module, setModule] = useState(loaded);
  useEffect(() => {
    if (!module) void load().then(setModule, () => undefined); // the bare text stays, where it cannot be loaded
  }, [module]);
  const look = isWhole ? 'md' : 'md growing';
  if (!module) {
    return (
      <div class={`${look} plain`} dir="auto">
        {text}
      </div>
    );
  }
  return <View key="view" look={look} text={text} isWhole={isWhole} create={module.createMarkdownView} />;
}

interface ViewProps extends MarkdownProps {
  readonly look: string;
  readonly create: Module['createMarkdownView'];
}

function View({ look, text, isWhole, create }: ViewProps) {
  const element = useRef<HTMLDivElement>(null);
  const view = useRef<MarkdownView>();
  useLayoutEffect(() => {
    view.current = create(element.current!, { copy });
    return () => view.current?.destroy();
  }, [create]);
  useLayoutEffect(() => view.current!.update(text, { isWhole }), [text, isWhole]);
  return <div ref={element} class={look} dir="auto" />;
}
