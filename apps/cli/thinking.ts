/** Whether a model thinks before it answers, and whether one sees it. */
import type { GenerateResult, Model } from '../../src/index.ts';
import type { Arguments, OptionTable } from './command.ts';
import { readTemplateVars } from './template_vars.ts';

export const thinkingOptions = {
  think: {
    value: 'HOW',
    help: 'whether a thinking model thinks: on, off, or how hard: low, medium, high (default: its template decides)',
  },
  'hide-thinking': { help: 'show answers without the thoughts before them' },
} as const satisfies OptionTable;

export const efforts = ['on', 'off', 'low', 'medium', 'high'] as const;
export type Effort = (typeof efforts)[number];

type TemplateVars = Readonly<Record<string, unknown>>;

/** What templates call it. One that reads none of these thinks as it likes. */
function thinkingVars(effort: Effort | undefined): TemplateVars {
  if (effort === undefined) return {};
  const thinks = effort !== 'off';
  const how = effort === 'on' || effort === 'off' ? {} : { reasoning_effort: effort };
  return { enable_thinking: thinks, thinking: thinks, thinking_mode: thinks ? 'enabled' : 'disabled', ...how };
}

/** All that the template gets: what is said in so many words goes before `--think`. */
export function templateVarsOf(effort: Effort | undefined, given: TemplateVars | undefined): TemplateVars | undefined {
  return effort === undefined ? given : { ...thinkingVars(effort), ...given };
}

/** `--think`, also as others say it. */
export function readEffort(args: Arguments): Effort | undefined {
  const said = args.text('think')?.toLowerCase() ?? '';
  if (said === 'true' || said === 'false') return said === 'true' ? 'on' : 'off';
  return args.choice('think', efforts);
}

export const readTemplate = (args: Arguments): TemplateVars | undefined =>
  templateVarsOf(readEffort(args), readTemplateVars(args));

/** An answer that ended before its thoughts did: without this one wonders where it is. */
export const thoughtsAlone = ({ thinking, text }: GenerateResult): string[] =>
  thinking && text === '' ? ['thoughts alone, no answer'] : [];

/** Whether the model's template asks for less or more because of it. */
export async function hasSwitch(model: Model, effort: Effort): Promise<boolean> {
  const promptOf = async (how: Effort) => {
    const prompt = { messages: [{ role: 'user', content: 'x' }], templateVars: thinkingVars(how) };
    return (await model.tokenize(prompt)).join(' ');
  };
  const other = effort === 'off' ? 'on' : effort === 'low' ? 'high' : effort === 'on' ? 'off' : 'low';
  return (await promptOf(effort)) !== (await promptOf(other));
}
