import { createWebgpuBackend } from '../../../src/backends/webgpu/webgpu.ts';
import { opCases } from '../../cases/index.ts';
import { hasKernel } from '../../../src/backends/webgpu/sources.ts';
import { findDawn } from '../../helpers/dawn.ts';
import { conformance, type Member } from '../conformance.ts';

const { gpu } = await findDawn();

const member: Member = {
  name: 'webgpu',
  open: (plan) => createWebgpuBackend({ ...plan, gpu: gpu! }),
};

if (gpu) conformance(member, { cases: opCases.filter(({ op }) => hasKernel(op.name)), kvTypes: ['f16'] });
