import { quants } from '../../src/quants/index.ts';
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

/** All cases of `ops`. */
export function caseMakers(options: MatmulOptions): CaseMaker[] {
  const perQuant = { matmul: matmulCases, pack: packCase };
  const decoded = quants.filter(({ dequantize }) => dequantize);
  return [
    ...Object.entries(perQuant).flatMap(([op, make]) =>
      decoded.map((quant) => ({
        title: `${op} ${quant.name}`,
        make: async () => {
          await quant.load?.();
          return make(quant, options);
        },
      })),
    ),
    ...timedCases.map((timed) => ({
      title: `${timed.op.name} ${timed.name}`,
      make: () => opCase(timed, options),
    })),
  ];
}
