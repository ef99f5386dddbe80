import { Ajv, type ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

const addAll = addFormats as unknown as (ajv: Ajv | Ajv2020, options: { mode: 'full' }) => void;

/** Mail addresses as RFC 5321 has them: ajv's own pattern knows no quotes and no numbers of hosts. */
const mail = /^([^@"]+|"([^"\\]|\\.)*")@([A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+|\[.*\])$/;

const makers = [true, false].flatMap((unicodeRegExp) => {
  const options = {
    strict: false,
    logger: false,
    validateSchema: false,
    multipleOfPrecision: 9,
    addUsedSchema: false,
    unicodeRegExp,
  } as const;
  return [new Ajv(options), new Ajv2020(options)].map((ajv) => {
    addAll(ajv, { mode: 'full' });
    ajv.addFormat('email', mail);
    return { ajv, isOld: !(ajv instanceof Ajv2020) };
  });
});

/** ajv's judgement of values under the schema; undefined for what ajv does not take. */
export function oracle(schema: unknown): ValidateFunction | undefined {
  const { isOld, plain } = forAjv(schema);
  for (const maker of makers.filter((maker) => maker.isOld === isOld)) {
    try {
      return maker.ajv.compile(plain as object);
    } catch {
      // Another try, or none.
    } finally {
      maker.ajv.removeSchema(/./); // ids come again
    }
  }
  return undefined;
}

/** Without `$schema`, and, of a draft before 2019-09, with what stands beside a `$ref` taken away: there it says nothing, but ajv reads it. */
function forAjv(schema: unknown): { isOld: boolean; plain: unknown } {
  const draft = (schema as { $schema?: unknown } | null)?.$schema;
  const isOld = typeof draft === 'string' && /draft-0[4-7]/.test(draft);
  const isFour = isOld && draft.includes('draft-04');
  const copy = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(copy);
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value).filter(
      ([key, item]) => typeof item !== 'string' || (key !== '$schema' && !(isFour && key === 'id')), // properties have such names, too
    );
    const inner = Object.fromEntries(entries.map(([key, item]) => [key, copy(item)]));
    if (isOld && typeof inner['$ref'] === 'string')
      return { $ref: inner['$ref'], definitions: inner['definitions'] ?? {} };
    if (!isFour) return inner;
    for (const [flag, bound] of [
      ['exclusiveMinimum', 'minimum'],
      ['exclusiveMaximum', 'maximum'],
    ] as const) {
      if (inner[flag] === true) [inner[flag], inner[bound]] = [inner[bound], undefined];
      else if (inner[flag] === false) delete inner[flag];
      if (inner[bound] === undefined) delete inner[bound];
    }
    return inner;
  };
  return { isOld, plain: copy(schema) };
}
