/** Efforts as requests name them, and as templates know them. */
const efforts: Readonly<Record<string, string>> = { minimal: 'low', xhigh: 'high', max: 'high' };

/** How much a model thinks, in the words of templates. */
export const effortOf = (effort: string): string => (Object.hasOwn(efforts, effort) ? efforts[effort]! : effort);

/** What templates read of whether a model thinks, under all names that they have for it. @param thinks or how much; `none` is false */
export function thinkingVars(thinks: boolean | string): Readonly<Record<string, unknown>> {
  const isOn = thinks !== false && thinks !== 'none';
  const effort = isOn && typeof thinks === 'string' ? { reasoning_effort: effortOf(thinks) } : {};
  return { enable_thinking: isOn, thinking: isOn, thinking_mode: isOn ? 'enabled' : 'disabled', ...effort };
}
