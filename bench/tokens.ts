/**
 * What a product with a few tokens costs, relative to one token: steps that verify guesses, several sessions at once. Each product is checked
 * against the op's definition, then timed with weights that stay in the cache and with more weights than caches hold.
 */
import { detectFeatures, type Build } from '../src/platform/features.ts';
import { quantByName } from '../src/quants/index.ts';
import type { QuantType } from '../src/quants/quant_type.ts';
import { host } from './lib/host.ts';
import { wasmHome } from './measure/case_home.ts';
import { describeMachine } from './lib/machine.ts';
import { count, counts, readOptions } from './lib/options.ts';
import {
  checkProduct,
  copiesOf,
  openProducts,
  productGraph,
  stepOf,
  testMatrix,
  wantedProduct,
} from './measure/products.ts';
import { digits, median } from './measure/stats.ts';
import { table } from './lib/table.ts';
import { interleave } from './measure/timing.ts';

const { options } = readOptions('usage: node bench/run.mjs tokens [options]', {
  types: { value: 'TYPE,…', default: 'q4_0,q4_k,q8_0', help: 'quant types' },
  shapes: { value: 'ROWSxCOLS,…', default: '1536x768,512x2048', help: 'weights, such as those of 135M and of 1.2B' },
  tokens: {
    value: 'N,…',
    default: '1,2,3,4,8,12,16',
    help: 'tokens of a step; the first is what others are compared with',
  },
  build: { value: 'relaxed|simd', help: 'kernel build; default: the best one that works here' },
  threads: { value: 'N', default: '1', help: 'compute threads' },
  mib: { value: 'N', default: '192', help: 'MiB of weights that are more than caches hold' },
  rounds: { value: 'N', default: '5', help: 'samples of each case' },
});

const build = (options.build ?? detectFeatures().build) as Build;
const threads = count('threads', options.threads);
const tokens = counts('tokens', options.tokens);
const timing = { rounds: count('rounds', options.rounds), sampleMs: 20 };

function quantOf(name: string): QuantType {
  const quant = quantByName.get(name);
  if (!quant)
    throw new RangeError(`--types has ${JSON.stringify(name)}, expected some of ${[...quantByName.keys()].join(', ')}`);
  return quant;
}

/** A line of the table for each number of tokens. */
async function measure(quant: QuantType, shape: string): Promise<string[][]> {
  const [rows = 0, cols = 0] = shape.split('x').map((n) => count('shapes', n));
  await quant.load?.();
  const matrix = testMatrix(quant, rows, cols);
  const weights = copiesOf(matrix, Math.ceil((count('mib', options.mib) << 20) / matrix.nBytes));
  const graph = productGraph(weights, Math.max(...tokens));
  const { backend } = await openProducts(matrix, wasmHome({ host: host(), build, threads }), { weights, graph });
  const places = [
    { where: 'cache', graph: productGraph(weights.slice(0, 1), Math.max(...tokens)) },
    { where: 'memory', graph },
  ];
  const lines: string[][] = [];
  try {
    for (const { where, graph } of places) {
      const program = backend.prepare(graph);
      for (const n of tokens) {
        const { error, tolerance } = await checkProduct(program, graph, wantedProduct(graph, matrix, n));
        if (!(error <= tolerance)) throw new Error(`${quant.name}, ${n} tokens: off by ${error}`);
      }
      const cases = tokens.map((n) => ({ name: `${n}`, run: () => program.run(stepOf(n)) }));
      const ms = (await interleave(cases, timing)).map(median);
      for (const [i, n] of tokens.entries()) {
        const macs = (graph.nodes.length * rows * cols * n) / ms[i]! / 1e6;
        lines.push([quant.name, shape, where, String(n), digits(macs), `${digits(ms[i]! / ms[0]!)} ×`]);
      }
    }
  } finally {
    await backend.dispose();
  }
  return lines;
}

const rows: string[][] = [];
for (const quant of options.types.split(',').map(quantOf)) {
  for (const shape of options.shapes.split(',')) {
    process.stderr.write(`${quant.name} ${shape} …\n`);
    rows.push(...(await measure(quant, shape)));
  }
}
const { cpu } = describeMachine();
console.log(`${cpu}, Node ${process.version}, ${build} build, ${threads} thread(s)\n`);
console.log(table(['type', 'weights', 'from', 'tokens', 'GMAC/s', `cost of ${tokens[0]!}`], rows, 3));
