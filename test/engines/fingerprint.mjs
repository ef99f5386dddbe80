/**
 * What has to come out the same, to the last bit, on every engine, CPU, kernel build and number of threads: hashes over
 * numbers that the embedded model computes. Plain JavaScript over the public API, so that Node, bun, deno and pages run
 * the same file.
 */

/**
 * @typedef {import('thimble').Model} Model
 * @typedef {{ threads: number, build: 'simd' | 'relaxed', parts?: readonly string[] }} FingerprintOptions
 */

/** 41 tokens; seven of them are more than the 256 positions after which attention is split. */
const passage =
  'A clockmaker in a village by the sea wound 24 clocks each night. “Tomorrow,” she said, “they will agree!” ' +
  'By noon they were apart: déjà vu.\n';

/** @typedef {(model: Model) => Promise<(Float32Array | Float64Array)[]>} Measure */

/**
 * Every row's logits, from one pass over the whole prompt: matrix times matrix.
 * @type {Measure}
 */
async function prefill(model) {
  /** @type {Float32Array[]} */
  const rows = [];
  await model.logits(passage, (some) => void rows.push(some));
  return rows;
}

/**
 * Eight greedy steps: matrix times vector.
 * @type {Measure}
 */
const decode = (model) => greedy(model, passage);

/**
 * The parts of the fingerprint. A difference in one of them says where to look.
 * @type {Readonly<Record<string, { measure: Measure, activations: 'exact' | 'fast' }>>}
 */
const measures = {
  prefill: { measure: prefill, activations: 'exact' },
  decode: { measure: decode, activations: 'exact' },
  /** After a prompt longer than one attention split. */
  long: { measure: (model) => greedy(model, passage.repeat(7)), activations: 'exact' },
  'fast prefill': { measure: prefill, activations: 'fast' },
  'fast decode': { measure: decode, activations: 'fast' },
};

export const allParts = Object.keys(measures);

/**
 * Each token made, its log-probability, which is a sum over all logits, and those of the hundred likeliest.
 * @param {Model} model
 * @param {string} prompt
 */
async function greedy(model, prompt) {
  const options = { temperature: 0, maxTokens: 8, ignoreEos: true, logProbs: 100 };
  const { logProbs = [] } = await model.generate(prompt, options).result;
  return [
    Float64Array.from(logProbs.flatMap(({ token, logProb, top }) => [token, logProb, ...top.map((t) => t.logProb)])),
  ];
}

/**
 * Opens the model and computes the parts asked for.
 * @param {typeof import('thimble').openModel} openModel
 * @param {import('thimble').ModelSource} source
 * @param {FingerprintOptions} options
 * @returns what ran, and a SHA-256 of the little-endian floats of each part
 */
export async function fingerprint(openModel, source, { threads, build, parts = allParts }) {
  const unknown = parts.find((part) => !measures[part]);
  if (unknown !== undefined) throw new TypeError(`there is no part ${unknown}, only ${allParts.join(', ')}`);
  /** @type {{ backend: string, threads: number, hashes: Record<string, string> }} */
  const found = { backend: '', threads: 0, hashes: {} };
  for (const activations of /** @type {const} */ (['exact', 'fast'])) {
    const mine = Object.entries(measures).filter(
      ([part, of]) => parts.includes(part) && of.activations === activations,
    );
    if (mine.length === 0) continue;
    const model = await openModel(source, { threads, build, activations, nCtx: 512, maxLogits: 64, maxSessions: 2 });
    try {
      Object.assign(found, { backend: model.info.backend, threads: model.info.threads });
      for (const [part, { measure }] of mine) found.hashes[part] = await sha256(await measure(model));
    } finally {
      await model.close();
    }
  }
  return found;
}

/** @param {(Float32Array | Float64Array)[]} arrays */
async function sha256(arrays) {
  const parts = /** @type {BlobPart[]} */ (arrays);
  const digest = await crypto.subtle.digest('SHA-256', await new Blob(parts).arrayBuffer());
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
