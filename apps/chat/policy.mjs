/** The Content-Security-Policy of the pages: who may run, and whom they may talk to. */

/** Where models of the catalogue come from; Hugging Face hands files out from hosts of its own. */
export const modelHosts = ['https://huggingface.co', 'https://*.huggingface.co', 'https://*.hf.co'];

/**
 * The policy, for pages and for the workers that they start.
 * @param {readonly string[]} hosts what may be talked to beside the page's own host
 * @param {{ isDevelopment?: boolean }} [options] Vite's own server puts styles into the page, and tells it of changes
 */
export function contentPolicy(hosts, { isDevelopment = false } = {}) {
  const inDevelopment = (/** @type {string} */ value) => (isDevelopment ? [value] : []);
  const rules = {
    'default-src': ["'none'"],
    'script-src': ["'self'", "'wasm-unsafe-eval'", ...inDevelopment("'unsafe-inline'")],
    'worker-src': ["'self'"],
    'connect-src': ["'self'", ...hosts, ...inDevelopment('ws:')],
    'style-src': ["'self'", ...inDevelopment("'unsafe-inline'")],
    'img-src': ["'self'", 'data:', 'blob:'],
    'font-src': ["'self'"],
    'manifest-src': ["'self'"],
    'base-uri': ["'none'"],
    'form-action': ["'none'"],
  };
  return Object.entries(rules)
    .map(([name, values]) => `${name} ${values.join(' ')}`)
    .join('; ');
}

/** The page's policy stands in its head; what is between these is the policy. */
const inHead = /(<meta http-equiv="Content-Security-Policy" content=")[^"]*(">)/;

/**
 * A page with another policy.
 * @param {string} html
 * @param {string} policy
 */
export const withPolicy = (html, policy) => html.replace(inHead, `$1${policy}$2`);
