/**
 * Chat templates: a conversation into the one string that a model was trained to continue.
 *
 * Model files carry a Jinja template. It comes with the file, so it is untrusted code: it runs in an interpreter of its own,
 * under limits (`jinja/run.ts`), and sees only the data it is given. What the user wrote is untrusted text: a render is a list
 * of segments, and only the trusted ones may become control tokens (`jinja/text.ts`).
 */
import { nearest } from '../base/checks.ts';
import { UnsupportedError } from '../base/errors.ts';
import type { ChatMessage, RenderInput } from './conversation.ts';
import { render } from './jinja/interpreter.ts';
import { tokenize } from './jinja/lexer.ts';
import { parse } from './jinja/parser.ts';
import { startRun } from './jinja/run.ts';
import type { Segment } from './jinja/text.ts';
import { ROLES, variables } from './variables.ts';

export type { Segment } from './jinja/text.ts';

export interface ChatTemplate {
  readonly source: string;
  /** Whether one of these names stands in the template. */
  reads(...names: readonly string[]): boolean;
  /** Most templates pass over a role that they do not know, and the message would be lost. @throws TypeError for one that means nothing to it */
  checkRoles(messages: readonly ChatMessage[]): void;
  render(input: RenderInput): string;
  /** The same text in pieces; neighbours differ in trust. Special tokens may be parsed in the trusted pieces only. */
  renderSegments(input: RenderInput): readonly Segment[];
}

/**
 * Compiling and rendering throw `FormatError` with the line where the template is at fault, `UnsupportedError` where it uses
 * what is not built here; rendering throws `RangeError` with the template's own words where it refuses the conversation.
 */
export function compileTemplate(source: string): ChatTemplate {
  const body = parse(source);
  const lines = source.split(/\r\n|\r|\n/);
  const run = (input: RenderInput) => {
    const state = startRun(lines, input.now ?? new Date());
    return render(state, body, variables(state, input));
  };
  return {
    source,
    reads: (...names) => tokenize(source).some(({ type, value }) => NAMING.has(type) && names.includes(value)),
    checkRoles: (messages) => messages.forEach(({ role }, i) => checkRole(role, `messages[${i}].role`, source)),
    render: (input) => run(input).text,
    renderSegments: (input) => run(input).parts,
  };
}

function checkRole(role: string, where: string, source: string): void {
  if (ROLES.has(role) || source.includes(`'${role}'`) || source.includes(`"${role}"`)) return;
  const meant = nearest(role, [...ROLES]);
  const hint = meant === undefined ? '' : ` (is it ${meant}?)`;
  const came = `${where} is ${JSON.stringify(role)}${hint}, which this model's chat template does not know`;
  throw new TypeError(`${came}; there are ${[...ROLES].join(', ')}`);
}

/** How a name is spelled: `message.tool_calls`, `message['tool_calls']`. */
const NAMING = new Set<string>(['name', 'string']);

/** The format that most models without a template of their own were trained on. */
const CHATML = `{% for message in messages %}{{ '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}{% endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}`;
const NAMED: ReadonlyMap<string, string> = new Map([['chatml', CHATML]]);

export interface TemplateChoice {
  /** The file's `tokenizer.chat_template`. */
  readonly own?: string | undefined;
  /** The caller's instead: a Jinja source, or the name of a format (`chatml`). */
  readonly given?: string | undefined;
  /** Whether the vocabulary has this piece. */
  readonly hasToken?: (piece: string) => boolean;
}

/** What was given wins; a model without a template gets ChatML if its vocabulary has ChatML's control tokens. */
export function chatTemplateFor({ own, given, hasToken }: TemplateChoice): ChatTemplate {
  if (given !== undefined) return compileTemplate(NAMED.get(given) ?? sourceOf(given));
  if (own !== undefined && own.trim() !== '') return compileTemplate(own);
  if (hasToken?.('<|im_start|>') && hasToken('<|im_end|>')) return compileTemplate(CHATML);
  throw new UnsupportedError(
    "the model file has no chat template, and its vocabulary lacks ChatML's <|im_start|> and <|im_end|>: " +
      'open the model with chatTemplate (a Jinja source), or prompt without a template',
  );
}

function sourceOf(given: string): string {
  if (/\{[{%]/.test(given)) return given;
  const names = [...NAMED.keys()].join(', ');
  const came = given.length > 40 ? `${given.slice(0, 40)}…` : given;
  throw new TypeError(
    `chatTemplate is ${JSON.stringify(came)}, which is neither a Jinja source (it has no {{ and no {%) nor the name of a format (${names})`,
  );
}
