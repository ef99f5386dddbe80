import { create } from 'webgpu';
import { createWebgpuBackend } from '../../../src/backends/webgpu/webgpu.ts';
import { opCases } from '../../cases/index.ts';
import { hasKernel } from '../../../src/backends/webgpu/sources.ts';
import { conformance, type Member } from '../conformance.ts';

const gpu = create([]);

const member: Member = {
  name: 'webgpu',
  open: (plan) => createWebgpuBackend({ ...plan, gpu }),
};

conformance(member, { cases: opCases.filter(({ op }) => hasKernel(op.name)), kvTypes: ['f16'] });
