import { afterEach, describe, expect, it } from 'vitest';
import { wgsl } from '#wgsl';
import { createWebgpuBackend } from '../../../src/backends/webgpu/webgpu.ts';
import { forgetSources } from '../../../src/backends/webgpu/sources.ts';
import { opCases } from '../../cases/index.ts';
import { buildCase } from '../../cases/op_case.ts';
import { readFrom } from '../case_runner.ts';
import { findDawn } from '../../helpers/dawn.ts';

/** Each kernel is broken on purpose, as a compiler with a fault would break it; the check has to notice, and to say which one it is. */

const { gpu } = await findDawn();

const sources = wgsl as Record<string, string>;
const whole = { ...sources };

function restore(): void {
  Object.assign(sources, whole);
  forgetSources();
}

/** Kernels whose numbers are written by a file that they share. */
const writers: Readonly<Record<string, string>> = { matmul_experts: 'lib/experts' };

/** A kernel whose numbers are a little too large. */
function spoil(op: string): void {
  const kernel = writers[op] ?? op;
  sources[kernel] = whole[kernel]!.replaceAll(/(\bout\[[^\n]*?\] = )([^;]*);/g, '$1($2) * 1.01;');
  if (sources[kernel] === whole[kernel])
    throw new Error(`kernels/${kernel}.wgsl writes no out[…] that could be spoilt`);
  forgetSources();
}

async function openWith(kernel: string): Promise<void> {
  const { graph, operands } = buildCase(opCases.find(({ op, nTokens }) => op.name === kernel && nTokens > 1)!);
  const weights = operands.map(({ value }) => value).filter(({ role }) => role === 'weight');
  const backend = await createWebgpuBackend({ gpu: gpu!, weights, graph });
  const files = new Map(operands.map(({ value, bytes }) => [value.name, bytes]));
  await backend.upload(weights, { read: readFrom(files) }).finally(() => backend.dispose());
}

describe.skipIf(!gpu)('the check of GPU kernels', () => {
  afterEach(restore);

  const kernels = Object.keys(whole).filter(
    (name) => !name.includes('/') && name !== 'attention' && opCases.some(({ op }) => op.name === name),
  );

  /** A node's numbers are compared, not a kernel's: of several kernels the first one is named. */
  const firsts: Readonly<Record<string, string>> = { delta_net: 'delta_gates', ssm_scan: 'ssm_gates' };

  it.each(kernels)('lets %s pass, and catches it when it is wrong', async (kernel) => {
    await openWith(kernel);
    spoil(kernel);
    await expect(openWith(kernel)).rejects.toThrow(
      new RegExp(`the kernel .*${firsts[kernel] ?? kernel}\\w* cannot be used on .*: its numbers are wrong by`),
    );
  });

  /** What is wrong somewhere, in the second block of a split or a tile, or in the second split. */
  const wrong = [
    ['attention_split', 'correction + weight', 'correction + 1.01 * weight'],
    ['attention_split', 'sum * correction', 'sum'],
    ['attention_split', '* correction.z', ''],
    ['attention_join', 'total * factor', '1.01 * total * factor'],
    ['attention_join', 'split < n', 'split < 1u'],
    ['attention_tile', 'sum += weight', 'sum += 1.01 * weight'],
    ['attention_tile', 'sum *= correction;', ''],
  ] as const;

  /** Opens a backend for one case of an op, of more than a tile of tokens, with this kernel wrong. */
  async function checksWith(kernel: string, right: string, spoilt: string, name: string) {
    const found = opCases.find(({ op, nTokens }) => op.name === name && nTokens >= (name === 'attention' ? 33 : 5))!;
    const { graph } = buildCase({ ...found, pos: 3000 });
    const device = { isFallback: false }; // software has no splits
    const backend = await createWebgpuBackend({ gpu: gpu!, weights: [], graph, device, isTuned: false });
    sources[kernel] = whole[kernel]!.replaceAll(right, spoilt);
    expect(sources[kernel]).not.toBe(whole[kernel]);
    forgetSources();
    await backend.upload([], { read: async () => undefined }).finally(() => backend.dispose());
    return backend.gpu.checks;
  }

  it('catches a wrong kv_store', async () => {
    await expect(checksWith('kv_store_f16', '= halves.x', '= (halves.x + 64u)', 'kv_store')).rejects.toThrow(
      /the kernel kv_store_f16 cannot be used/,
    );
  });

  it.each(wrong)('puts the plain kernel in the place of %s with "%s" wrong', async (kernel, right, spoilt) => {
    const checks = await checksWith(kernel, right, spoilt, 'attention');
    expect(checks.filter(({ refused }) => refused !== undefined)).toHaveLength(1);
    expect(checks.find((check) => check.kernel.endsWith(' attention'))!.refused).toBeUndefined();
  });

  it('catches a kernel that does not compile', async () => {
    sources['rms_norm'] = whole['rms_norm']!.replace('squares +=', 'cubes +=');
    forgetSources();
    await expect(openWith('rms_norm')).rejects.toThrow(
      /the kernel rms_norm cannot be used on .*: it does not run: .*cubes/s,
    );
  });
});
