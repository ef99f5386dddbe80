import { createWasmBackend } from '../../../src/backends/wasm/wasm.ts';
import type { Build } from '../../../src/platform/features.ts';
import type { OpCase } from '../../cases/op_case.ts';
import { conformance, type Member } from '../conformance.ts';
import { allowRelaxedBuild, nodeHost } from './support.ts';

allowRelaxedBuild();

/** Also where it is right but not chosen. */
const features = { build: 'relaxed', sharedMemory: true } as const;

/** Read and run by the reference backend; their rows of grids, or scales that are floats, want kernels of their own. */
const withoutKernels = ['iq2_xxs', 'iq2_xs', 'iq2_s', 'iq3_xxs', 'iq3_s', 'iq1_s', 'iq1_m', 'nvfp4'];

const excuses = [
  {
    cases: ({ inputs }: OpCase) => inputs.some((input) => 'quant' in input && withoutKernels.includes(input.quant!)),
    reason: 'the type has no kernels yet',
  },
];

const member = (build: Build, threads: number, sameBitsAs?: Member): Member => ({
  name: `wasm ${build} build, ${threads} thread(s),`,
  open: (plan) => createWasmBackend({ ...plan, maxSessions: 2, build, threads, host: nodeHost({ features }) }),
  excuses,
  sameBitsAs,
});

const plain = member('simd', 1);
conformance(plain);
conformance(member('simd', 3, plain));
conformance(member('relaxed', 1, plain));
conformance(member('relaxed', 3, plain));
