import type { Regular } from '../regular.ts';

export function formatTexts(name: string): { contents: Regular; isStrict: boolean } | undefined {
  void name;
  return undefined;
}
