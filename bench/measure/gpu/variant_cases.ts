import {
  choosePlain,
  variantsFor,
  type Able,
  type Choice,
  type Chooser,
  type Steps,
} from '../../../src/backends/webgpu/variants.ts';
import type { Value } from '../../../src/graph/graph.ts';
import type { QuantType } from '../../../src/quants/quant_type.ts';
import type { CaseHome } from '../case_home.ts';
import type { CaseMaker } from '../cases.ts';
import {
  lengthened,
  PREFILL,
  PREFILL_WEIGHTS,
  productCase,
  SHAPE,
  type Cases,
  type MatmulOptions,
  type ProductWork,
} from '../matmul_cases.ts';
import { copiesOf, openProducts, productGraph, testMatrix } from '../products.ts';
import { sizesWord } from './names.ts';
import { gpuQuants } from './quants.ts';

export interface VariantOptions extends Omit<MatmulOptions, 'home'> {
  /** Where products run, with these kernels. */
  readonly homeOf: (choose: Chooser) => CaseHome;
  readonly able: Able;
  /** All sizes of workgroups and tiles that a variant may have, not just its first. */
  readonly withSizes: boolean;
}

export const variantTitle = ({ name }: QuantType): string => `variants ${name}`;

export const variantMakers = (options: VariantOptions): CaseMaker[] =>
  gpuQuants.map((quant) => ({ title: variantTitle(quant), make: () => variantCases(quant, options) }));

/** The products of one type by every kernel that can do them: exact and fast ones, beside each other. */
async function variantCases(quant: QuantType, options: VariantOptions): Promise<Cases> {
  const { homeOf, able, bytes, withSizes, shape = SHAPE, prefill = PREFILL } = options;
  const matrix = testMatrix(quant, shape.rows, shape.cols);
  const weights = copiesOf(matrix, Math.max(PREFILL_WEIGHTS, Math.ceil(bytes / matrix.nBytes)));
  const choices = { few: new Map<Value, Choice>(), some: new Map<Value, Choice>(), many: new Map<Value, Choice>() };
  const home = homeOf((node, steps) => choices[steps].get(node.out) ?? choosePlain(node, steps));
  const workOf = (steps: Steps, choice: Choice): ProductWork => {
    const isFew = steps === 'few';
    const used = isFew ? weights : weights.slice(0, PREFILL_WEIGHTS);
    const graph = lengthened(productGraph(used, isFew ? 1 : prefill), matrix, home);
    for (const { out } of graph.nodes) choices[steps].set(out, choice);
    return {
      ...{ matrix, home, graph, nTokens: isFew ? 1 : prefill },
      what: isFew ? 'decode' : `prefill ${prefill}`,
      kernels: `${choice.variant.name} ${sizesWord(choice.sizes)}`,
      activations: choice.variant.isFast ? 'fast' : 'exact',
    };
  };
  const works = (['few', 'many'] as const).flatMap((steps) =>
    variantsFor(weights[0]!, steps, able).flatMap((variant) =>
      (withSizes ? variant.sizes : variant.sizes.slice(0, 1)).map((sizes) => workOf(steps, { variant, sizes })),
    ),
  );
  const [first] = works as [ProductWork];
  const last = works.find(({ nTokens }) => nTokens > 1)!;
  const opened = await openProducts(matrix, home, { weights, graph: last.graph, part: first.graph });
  const cases = [];
  for (const work of works) {
    const one = await productCase(opened, work);
    cases.push({ ...one, name: `${work.what}, ${work.kernels}`, kernels: undefined });
  }
  return { cases, close: async () => void (await opened.backend.dispose()) };
}
