import { kindOf } from '../base/checks.ts';
import type { GenerateResult, StopReason } from '../protocol/generation.ts';
import type { StandardIssue, StandardSchema } from './option_types.ts';

/** Answers that are held to a schema: what it looks like to the engine, and what the answer says. */

/** The dialect that is asked for, where a library writes several. */
const target = 'draft-2020-12';

/** How libraries tell the JSON Schema of what is to be parsed. The first that a schema has is taken. */
const jsonForms: readonly ((schema: object) => (() => unknown) | undefined)[] = [
  (schema) => method((schema as Partial<JsonForm>)['~standard']?.jsonSchema, 'input', { target }), // standardschema.dev: Zod 4.2, ArkType 2.1.28
  (schema) => method(schema, 'toJSONSchema', { io: 'input' }), // Zod 4
  (schema) => method(schema, 'toJsonSchema'), // ArkType
];

interface JsonForm {
  readonly '~standard': { readonly jsonSchema?: object };
}

function method(of: object | undefined, name: string, ...args: readonly unknown[]): (() => unknown) | undefined {
  const found = (of as Readonly<Record<string, unknown>> | undefined)?.[name];
  return typeof found === 'function' ? () => found.apply(of, args) as unknown : undefined;
}

/**
 * The JSON Schema of a schema, as plain data.
 * @throws TypeError for what is none, and for a library's schema that does not tell its JSON form.
 */
export function jsonOf(schema: unknown): object | boolean {
  if (typeof schema === 'boolean') return schema;
  if ((typeof schema !== 'object' && typeof schema !== 'function') || schema === null || Array.isArray(schema))
    throw new TypeError(`schema is ${kindOf(schema)}, expected a JSON Schema, or a schema of Zod, Valibot or ArkType`);
  if (!isStandard(schema)) return plainOf(schema);
  for (const form of jsonForms) {
    const json = form(schema)?.();
    if (json !== undefined) return plainOf(json as object);
  }
  const { vendor } = schema['~standard'];
  const hint =
    vendor === 'valibot'
      ? "wrap it: toStandardJsonSchema(schema), of '@valibot/to-json-schema'"
      : 'take a newer version of that library, or give its JSON Schema';
  throw new TypeError(`schema is one of ${vendor}, which does not tell its JSON form; ${hint}`);
}

function isStandard(schema: object): schema is StandardSchema {
  const standard = (schema as Partial<StandardSchema>)['~standard'];
  return typeof standard?.validate === 'function';
}

/** @throws TypeError for what JSON cannot say. */
function plainOf(schema: object): object {
  const foreign = new Set(['function', 'symbol', 'bigint']);
  const text = JSON.stringify(schema, (name, value: unknown) => {
    if (!foreign.has(typeof value)) return value;
    throw new TypeError(
      `schema holds a ${typeof value} at ${JSON.stringify(name)}, expected plain data, as JSON has it`,
    );
  });
  return JSON.parse(text) as object;
}

/** Why an answer is not whole, and what helps. */
const tooEarly: Readonly<Record<Exclude<StopReason, 'eos'>, string>> = {
  length: 'maxTokens were made; raise maxTokens, or leave it out',
  full: 'the context was full; open the model with a larger nCtx, or shorten the prompt',
  stop: 'a stop text came; leave it out',
  loop: "it repeated itself; with onLoop: 'ignore' it goes on",
  abort: 'it was stopped; resume goes on with it',
};

/** The result with its value, which is there or not when it is asked for. @param text the answer without thoughts */
export async function withValue(
  result: GenerateResult,
  text: string,
  schema: object | boolean,
): Promise<GenerateResult & { readonly value: unknown }> {
  const { stopReason } = result;
  let value: unknown;
  let error: RangeError | undefined;
  if (stopReason === 'eos') {
    try {
      value = await checked(JSON.parse(text), schema);
    } catch (cause) {
      error = new RangeError(`the answer has no value: ${(cause as Error).message}`, { cause });
    }
  } else error = new RangeError(`the answer has no value, it ended too early: ${tooEarly[stopReason]}`);
  return Object.defineProperty({ ...result, value: undefined }, 'value', {
    get() {
      if (error) throw error;
      return value;
    },
    enumerable: false, // whoever copies the result does not ask for it
  });
}

/** What a library makes of a value; it may know more than its JSON form says. @throws RangeError where it refuses it */
export async function checked(value: unknown, schema: object | boolean): Promise<unknown> {
  if (typeof schema === 'boolean' || !isStandard(schema)) return value;
  const result = await schema['~standard'].validate(value);
  if (!result.issues) return result.value;
  throw new RangeError(`it is not as the schema's own checks want it: ${result.issues.map(issueText).join('; ')}`);
}

function issueText({ path = [], message }: StandardIssue): string {
  const keys = path.map((step) => String(typeof step === 'object' ? step.key : step));
  return keys.length === 0 ? message : `${keys.join('.')}: ${message}`;
}
