import type { Backend, Program, ProgramStep } from '../../src/backends/backend.ts';
import { createWasmBackend } from '../../src/backends/wasm/wasm.ts';
import type { BackendFactory } from '../../src/engine/backend_plan.ts';
import { handlerOf } from '../../src/engine/calls.ts';
import { EngineState } from '../../src/engine/engine_state.ts';
import type { Step } from '../../src/graph/graph.ts';
import type { GenerateEvent, GenerateOptions, GenerateResult } from '../../src/protocol/generation.ts';
import { OWN_SESSION } from '../../src/protocol/messages.ts';
import type { OpenOptions } from '../../src/protocol/open.ts';
import { nodeHost } from '../backends/wasm/support.ts';
import { openBytes, reference } from './open.ts';

/** What a backend ran: of each program one step. */
export type Ran = readonly ProgramStep[];

export interface Watched {
  readonly engine: EngineState;
  /** All steps, in their order. */
  readonly ran: Ran[];
  /** Called before each step; may throw in its place. */
  onStep: ((steps: Ran) => void) | undefined;
}

/** An engine of a model, in this thread, whose steps can be watched. */
export async function watchedEngine(
  bytes: Uint8Array,
  { maxSessions = 8, backend = 'wasm', ...options }: OpenOptions = {},
): Promise<Watched> {
  const engine = new EngineState(() => undefined);
  const watched: Watched = { engine, ran: [], onStep: undefined };
  const note = (steps: Ran): void => {
    watched.onStep?.(steps);
    watched.ran.push(steps.map(({ program, step }) => ({ program, step: { ...step, tokens: step.tokens.slice() } })));
  };
  const wasm: BackendFactory = ({ weights, graph }) =>
    createWasmBackend({ weights, graph, maxSessions, threads: options.threads ?? 1, host: nodeHost() });
  const create: BackendFactory = async (plan) =>
    watchPrograms(await (backend === 'wasm' ? wasm : reference)(plan), note);
  const opened = await openBytes(bytes, { ...options, maxSessions }, create);
  return Object.assign(watched, { engine: Object.assign(engine, { opened, maxSessions }) });
}

function watchPrograms(backend: Backend, note: (steps: Ran) => void): Backend {
  const watch = (program: Program): Program => {
    const { runTogether } = program;
    const run = program.run.bind(program);
    const watched = {
      run: (step: Step, signal?: AbortSignal) => {
        note([{ program, step }]);
        return run(step, signal);
      },
      runTogether:
        runTogether &&
        ((steps: Ran) => {
          note(steps);
          return runTogether(steps);
        }),
    };
    return Object.assign(program, watched);
  };
  return Object.assign(Object.create(backend) as Backend, {
    prepare: (...args: Parameters<Backend['prepare']>) => watch(backend.prepare(...args)),
  });
}

export interface Asking {
  readonly prompt: readonly number[];
  readonly options?: GenerateOptions;
  readonly session?: number;
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: GenerateEvent) => void;
}

/** A call of `generate`, as the engine's thread answers it. */
export async function ask(
  { engine }: Watched,
  { prompt, options = {}, session = OWN_SESSION, signal = new AbortController().signal, onEvent }: Asking,
): Promise<GenerateResult> {
  const emit = onEvent ?? (() => undefined);
  const generate = await handlerOf('generate');
  return generate(engine, { session, prompt, options, adapters: undefined, saving: undefined }, { signal, emit });
}
