import { createWasmBackend } from '../../../src/backends/wasm/wasm.ts';
import type { Build } from '../../../src/platform/features.ts';
import { conformance, type Member } from '../conformance.ts';
import { allowRelaxedBuild, nodeHost } from './support.ts';

allowRelaxedBuild();

/** Also where it is right but not chosen. */
const features = { build: 'relaxed', sharedMemory: true } as const;

const member = (build: Build, threads: number, sameBitsAs?: Member): Member => ({
  name: `wasm ${build} build, ${threads} thread(s),`,
  open: (plan) => createWasmBackend({ ...plan, maxSessions: 2, build, threads, host: nodeHost({ features }) }),
  sameBitsAs,
});

const plain = member('simd', 1);
conformance(plain);
conformance(member('simd', 3, plain));
conformance(member('relaxed', 1, plain));
conformance(member('relaxed', 3, plain));
