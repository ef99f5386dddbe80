/** Whether a model would run here: an estimate from the list of models alone, or what the engine says by the model's header. */
import type { Fit as Checked } from 'thimble';
import { bytes } from '../app/format.ts';
import { nCtx } from '../state/settings.ts';
import { device, speedOf } from './device.ts';

export interface Fit {
  readonly verdict: 'fits' | 'tight' | 'no';
  /** Sentences for the reader. */
  readonly reason: string;
  readonly tokensPerSecond: number | undefined;
}

interface Needs {
  readonly sizeBytes: number;
  readonly kvBytesPerToken: number;
  readonly quant: string;
}

/** Scratch of a step, scripts, and what the page itself takes. */
const WORK_BYTES = 60e6;

/** Until the engine has said what this device gives: what a phone does. */
const CAREFUL_BYTES = 1.0e9;

/** From its size and its family's shape; no network is asked. */
export function estimateFit({ sizeBytes, kvBytesPerToken, quant }: Needs): Fit {
  const needs = sizeBytes + kvBytesPerToken * nCtx.value + WORK_BYTES;
  const allowed = device.value?.allowedBytes ?? CAREFUL_BYTES;
  const verdict = needs > allowed ? 'no' : needs > 0.8 * allowed ? 'tight' : 'fits';
  return { verdict, reason: reasons[verdict](bytes(needs), bytes(allowed)), tokensPerSecond: speedOf(sizeBytes, quant) };
}

const reasons = {
  fits: (needs: string) => `Needs ${needs} of memory.`,
  tight: (needs: string, allowed: string) =>
    `Needs ${needs} of the ${allowed} that a page may take here. Close other tabs and apps first.`,
  no: (needs: string, allowed: string) =>
    `Needs ${needs} of memory; a page may take ${allowed} here. A smaller model fits, or a shorter context in Settings.`,
} as const;

/** What the engine found, for the reader. */
export function fitFrom({ verdict, reason, remedies, tokensPerSecond, largestNCtx, nCtx: asked }: Checked): Fit {
  const shorter = largestNCtx > 0 && largestNCtx < asked ? ` A context of ${largestNCtx} fits; see Settings.` : '';
  const type = remedies.find(({ type }) => type)?.type;
  const smaller = type ? ` The ${type} file of this model would fit.` : '';
  const help = verdict === 'fits' ? '' : shorter || smaller;
  const sentence = `${reason[0]!.toUpperCase()}${reason.slice(1)}.`;
  return { verdict, reason: `${sentence}${help}`, tokensPerSecond: tokensPerSecond?.decode };
}
