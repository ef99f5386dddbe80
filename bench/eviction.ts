/**
 * Which expert leaves a slot? Replays what routers chose, token by token, with each layer's slots kept by several policies: the least recently
 * used one leaves (LRU), the least frequently used one (LFU), what lies between (LRFU, by half-life in tokens), and the one that is
 * wanted last again (best): what nobody can know, and nobody can beat. Routings come from a model, and from a made-up text whose topics change.
 * Beside that: how many experts of a layer its router names when it sees what the layer before it saw.
 */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { Scores } from '../src/backends/wasm/paged/scores.ts';
import { loadModel } from '../src/engine/load_model.ts';
import { detectFeatures } from '../src/platform/features.ts';
import { openModelFile } from '../src/platform/model_file.ts';
import { wasmFactory } from './lib/host.ts';
import { count, counts, readOptions } from './lib/options.ts';
import { madeUpRouting, recorder, type Routing } from './lib/routings.ts';
import { table } from './lib/table.ts';
import { percent } from './measure/stats.ts';

const peers = process.env['THIMBLE_PEERS'] ?? join(homedir(), '.cache', 'thimble', 'peers');
const { options } = readOptions('usage: node bench/run.mjs eviction [options]', {
  model: {
    value: 'FILE',
    default: join(peers, 'gguf', 'gpt-oss-20b-7-layers-16384-tokens-skew-1.gguf'),
    help: 'a mixture of experts; where it is not there, made-up routings only',
  },
  tokens: { value: 'N', default: '192', help: 'tokens of each text' },
  threads: { value: 'N', default: '2', help: 'compute threads' },
  'half-lives': { value: 'LIST', default: '4,16,64,256', help: 'of LRFU, in tokens' },
  parts: { value: 'LIST', default: '25,40,60', help: 'slots, in percent of the experts' },
});
const nTokens = count('tokens', options.tokens);

interface Policy {
  readonly name: string;
  /** Who has the least leaves. `next` is the token that wants it again. */
  readonly scores: (nExperts: number) => {
    pass(nTokens: number): void;
    used(expert: number, n: number): void;
    of(expert: number, next: number): number;
  };
}

const lru = (nExperts: number) => {
  const last = new Float64Array(nExperts);
  let now = 0;
  return {
    pass: () => void now++,
    used: (expert: number) => void (last[expert] = now),
    of: (expert: number) => last[expert]!,
  };
};
const nothing = (): void => undefined;
const policies: readonly Policy[] = [
  { name: 'LRU', scores: lru },
  ...counts('half-lives', options['half-lives']).map((halfLife) => ({
    name: `LRFU ${halfLife}`,
    scores: (nExperts: number) => new Scores(nExperts, halfLife),
  })),
  { name: 'LFU', scores: (nExperts) => new Scores(nExperts, Infinity) },
  { name: 'best', scores: () => ({ pass: nothing, used: nothing, of: (_: number, next: number) => -next }) },
];

/** The part of a layer's choices that were in their slots, after a first eighth that fills them. */
function hitsOf(
  layer: readonly (readonly number[])[],
  { nExperts, nSlots, policy }: { nExperts: number; nSlots: number; policy: Policy },
  look: (t: number, cache: ReadonlySet<number>) => void = nothing,
): number {
  const cache = new Set<number>();
  const score = policy.scores(nExperts);
  let [hits, all] = [0, 0];
  const nextUse = (expert: number, t: number): number => {
    const next = layer.findIndex((chosen, i) => i > t && chosen.includes(expert));
    return next < 0 ? Infinity : next;
  };
  for (const [t, chosen] of layer.entries()) {
    score.pass(1);
    for (const expert of chosen) score.used(expert, 1);
    const isCounted = t >= layer.length / 8;
    if (isCounted) look(t, cache);
    if (isCounted) all += chosen.length;
    if (isCounted) hits += chosen.filter((expert) => cache.has(expert)).length;
    for (const expert of chosen) {
      if (cache.has(expert)) continue;
      const leaving = [...cache].filter((each) => !chosen.includes(each));
      if (cache.size >= nSlots)
        cache.delete(leaving.reduce((a, b) => (score.of(b, nextUse(b, t)) < score.of(a, nextUse(a, t)) ? b : a)));
      cache.add(expert);
    }
  }
  return hits / all;
}

function report(routing: Routing): void {
  const { name, nExperts, layers } = routing;
  const sizes = counts('parts', options.parts).map((part) => {
    const nSlots = Math.max(layers[0]![0]!.length, Math.round((part / 100) * nExperts));
    return { label: [`${part} %`, String(nSlots)], nSlots };
  });
  const rows = sizes.map(({ label, nSlots }) => {
    const hits = policies.map((policy) => {
      const each = layers.map((layer) => hitsOf(layer, { nExperts, nSlots, policy }));
      return percent(each.reduce((sum, part) => sum + part, 0) / each.length);
    });
    return [...label, ...hits];
  });
  console.log(`\n${name}: ${layers.length} layers, ${layers[0]!.length} tokens, hits`);
  console.log(table(['slots', 'of each layer', ...policies.map((policy) => policy.name)], rows, 1));
  if (routing.guesses.some((layer) => layer.some(({ length }) => length > 0))) reportGuesses(routing, sizes);
}

/** What reading the next layer's experts early would be worth: those that are missed, and were named; and what is read for nothing. */
function reportGuesses(
  { nExperts, layers, guesses }: Routing,
  sizes: readonly { label: string[]; nSlots: number }[],
): void {
  const policy = policies.find(({ name }) => name === 'LFU')!;
  const rows = sizes.map(({ label, nSlots }) => {
    let [n, nRight, nMissed, nSaved, nWasted] = [0, 0, 0, 0, 0];
    for (const [l, layer] of layers.entries())
      hitsOf(layer, { nExperts, nSlots, policy }, (t, cache) => {
        const guessed = guesses[l]![t]!;
        const chosen = layer[t]!;
        const missed = chosen.filter((expert) => !cache.has(expert));
        n += guessed.length;
        nRight += guessed.filter((expert) => chosen.includes(expert)).length;
        nMissed += missed.length;
        nSaved += missed.filter((expert) => guessed.includes(expert)).length;
        nWasted += guessed.filter((expert) => !cache.has(expert) && !chosen.includes(expert)).length;
      });
    return [...label, percent(nRight / n), String(nMissed), percent(nSaved / nMissed), percent(nWasted / nMissed)];
  });
  console.log('\nguessed a layer ahead (slots by LFU)');
  console.log(table(['slots', 'of each layer', 'right', 'missed', 'of these named', 'read for nothing'], rows, 1));
}

async function recorded(path: string): Promise<Routing> {
  const file = await openModelFile(path);
  const factory = wasmFactory(detectFeatures().build, count('threads', options.threads));
  const model = await loadModel(file, { nCtx: nTokens + 16 }, factory);
  const { onNode, routing } = await recorder(file);
  const session = model.openSession(undefined, { onNode });
  const how = { temperature: 1, seed: 1, ignoreEos: true, maxTokens: nTokens };
  const events = session.generate([300], how);
  while (!(await events.next()).done);
  session.close();
  await model.close();
  return routing(basename(path));
}

if (existsSync(options.model)) report(await recorded(options.model));
report(madeUpRouting({ nTokens: 4 * nTokens, nLayers: 8, nExperts: 32, nUsed: 4, topicTokens: 64 }));
