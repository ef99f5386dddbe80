import { quants } from '../../src/quants/index.ts';
import type { QuantType } from '../../src/quants/quant_type.ts';
import type { TimedCase } from '../../test/cases/op_case.ts';
import { matmulCases, type Cases, type MatmulOptions } from './matmul_cases.ts';
import { timedCases } from '../../test/cases/index.ts';
import { opCase } from './op_cases.ts';
import { packCase } from './pack_case.ts';

/** Cases that share their weights. They are made one after the other, so that only one quant type's weights are in memory at a time. */
export interface CaseMaker {
  /** What `--only` looks at: op and quant type, or op and shape. */
  readonly title: string;
  readonly make: () => Promise<Cases>;
}

export const quantTitle = (op: string, { name }: QuantType): string => `${op} ${name}`;
export const opTitle = ({ op, name }: TimedCase): string => `${op.name} ${name}`;

const decoded = quants.filter(({ dequantize }) => dequantize);

/** What is made for each quant type. */
const perQuant = { matmul: matmulCases, pack: packCase };

/** Cases of one kind for some types: every type that can be decoded. */
export const quantMakers = (
  op: keyof typeof perQuant,
  options: MatmulOptions,
  some: readonly QuantType[] = decoded,
): CaseMaker[] =>
  some.map((quant) => ({
    title: quantTitle(op, quant),
    make: async () => {
      await quant.load?.();
      return perQuant[op](quant, options);
    },
  }));

/** Cases of ops other than products. */
export const opMakers = (options: Pick<MatmulOptions, 'home'>, some: readonly TimedCase[] = timedCases): CaseMaker[] =>
  some.map((timed) => ({ title: opTitle(timed), make: () => opCase(timed, options) }));

/** All cases of `ops` on the CPU. */
export const caseMakers = (options: MatmulOptions): CaseMaker[] => [
  ...quantMakers('matmul', options),
  ...quantMakers('pack', options),
  ...opMakers(options),
];
