/** How long functions are. The parser is the one that Prettier brings along: it reads TypeScript, AssemblyScript and JavaScript. */
import { parsers } from 'prettier/plugins/typescript';

/** @typedef {{ type: string, loc: { start: { line: number }, end: { line: number } }, id?: Named, key?: Named, [key: string]: unknown }} SyntaxNode */
/** @typedef {{ name?: string } | null} Named */

/** Where a tree holds no further nodes, or the same ones again. */
const skipped = new Set(['loc', 'range', 'parent', 'tokens', 'comments']);

/**
 * Every function and method of a file, with all that is inside it. A function without a name goes by what it is assigned to or
 * passed on as, or by the function around it.
 * @param {string} text
 * @param {string} file
 * @returns {{ name: string, lines: number }[]}
 */
export function functionsOf(text, file) {
  /** @type {{ name: string, lines: number }[]} */
  const found = [];
  const walk = (/** @type {unknown} */ value, /** @type {string} */ around) => {
    if (Array.isArray(value)) for (const item of value) walk(item, around);
    if (!isNode(value)) return;
    const name = value.id?.name ?? value.key?.name ?? around;
    if (/Function/.test(value.type) && value['body']) {
      found.push({ name, lines: value.loc.end.line - value.loc.start.line + 1 });
    }
    for (const [key, child] of Object.entries(value)) if (!skipped.has(key)) walk(child, name);
  };
  walk(parsers.typescript.parse(text, /** @type {any} */ ({ filepath: file })), '(top)');
  return found;
}

/**
 * @param {unknown} value
 * @returns {value is SyntaxNode}
 */
const isNode = (value) => typeof value === 'object' && value !== null && 'type' in value && 'loc' in value;
