/** Settings. */
import { Download, Keyboard, Monitor, Moon, ShieldCheck, Sun, Trash2, Upload, Info } from 'lucide-preact';
import { useRef } from 'preact/hooks';
import { openShortcuts } from '../app/shortcuts.tsx';
import type { ModelInfo } from 'thimble';
import { engine, type EngineState } from '../models/engine.ts';
import { use } from '../models/library.ts';
import { deleteEverything } from '../state/answering.ts';
import { exportJson, importJson, isKept } from '../state/conversations.ts';
import { goTo } from '../state/route.ts';
import {
  backend,
  keepsAwake,
  kvType,
  nCtx,
  showsFigures,
  textScale,
  theme,
  threads,
  writesTitles,
} from '../state/settings.ts';
import { isTouch } from '../state/viewport.ts';
import { Button } from './button.tsx';
import { ActionRow, Group, Segments, Slider, SwitchRow } from './fields.tsx';
import { Note } from './parts.tsx';
import { confirm } from './sheet.tsx';
import { ScreenBar } from './top_bar.tsx';

export function SettingsScreen() {
  return (
    <div class="screen">
      <ScreenBar title="Settings" />
      <div class="page">
        <div class="page-inner">
          <Look />
          <Answers />
          <Engine />
          <Data />
          <Group>
            <ActionRow
              icon={ShieldCheck}
              label="Privacy"
              hint="What left this device, request by request"
              onClick={() => goTo('privacy')}
            />
            {!isTouch.value && <ActionRow icon={Keyboard} label="Keyboard" onClick={openShortcuts} />}
            <ActionRow icon={Info} label="About and licences" value={APP_VERSION} onClick={() => goTo('about')} />
          </Group>
        </div>
      </div>
    </div>
  );
}

const scales = [0.9, 1, 1.15, 1.35, 1.6] as const;
const scaleNames = ['Small', 'Usual', 'Larger', 'Large', 'Very large'] as const;

function Look() {
  const at = scales.findIndex((scale) => scale === textScale.value);
  return (
    <Group title="Look">
      <Segments
        label="Theme"
        value={theme.value}
        choices={[
          { value: 'system', label: 'System', icon: Monitor },
          { value: 'light', label: 'Light', icon: Sun },
          { value: 'dark', label: 'Dark', icon: Moon },
        ]}
        onChange={(value) => (theme.value = value)}
      />
      <Slider
        label="Text size"
        min={0}
        max={scales.length - 1}
        step={1}
        value={at}
        shown={scaleNames[at] ?? ''}
        onChange={(at) => (textScale.value = scales[at]!)}
      />
    </Group>
  );
}

function Answers() {
  return (
    <Group title="Chats">
      <SwitchRow
        label="Figures under answers"
        hint="Speed, time to the first word, context used"
        isOn={showsFigures.value}
        onChange={(isOn) => (showsFigures.value = isOn)}
      />
      <SwitchRow
        label="Titles by the model"
        hint="Otherwise the first words are the title"
        isOn={writesTitles.value}
        onChange={(isOn) => (writesTitles.value = isOn)}
      />
      <SwitchRow
        label="Keep the screen on"
        hint="While an answer is made: a phone that sleeps stops it"
        isOn={keepsAwake.value}
        onChange={(isOn) => (keepsAwake.value = isOn)}
      />
    </Group>
  );
}

/** Whether the model that is open was opened for something else than what is chosen now. */
const isOtherBackend = ({ gpu, noGpu }: ModelInfo): boolean =>
  backend.value === 'auto'
    ? gpu === undefined && noGpu === undefined
    : (backend.value === 'webgpu') !== (gpu !== undefined);

/** Why there is no graphics chip, or why it was not taken. */
function noGpu(state: EngineState): string | undefined {
  if (!('gpu' in navigator)) return 'This browser does not let pages compute on the graphics chip.';
  if (backend.value !== 'auto') return undefined;
  const why = state.type === 'ready' ? state.info.noGpu : undefined;
  return why ? `The processor is taken: ${why}.` : 'Both are timed once, when a model is opened.';
}

const contexts = [1024, 2048, 4096, 8192, 16384, 32768] as const;

function ComputesOn() {
  return (
    <Segments
      label="Computes on"
      value={backend.value}
      choices={[
        { value: 'wasm', label: 'Processor' },
        { value: 'webgpu', label: 'Graphics' },
        { value: 'auto', label: 'Faster' },
      ]}
      hint={noGpu(engine.value)}
      onChange={(value) => (backend.value = value)}
    />
  );
}

function Engine() {
  const nCores = navigator.hardwareConcurrency || 4;
  return (
    <Group
      title="Engine"
      note={
        crossOriginIsolated
          ? undefined
          : 'This page is not isolated, so the engine has one thread. It becomes faster after a reload, once the app is installed.'
      }
    >
      <Slider
        label="Context"
        hint="How much of a chat the model sees at once. More takes more memory."
        min={0}
        max={contexts.length - 1}
        step={1}
        value={contexts.findIndex((n) => n === nCtx.value)}
        shown={`${nCtx.value.toLocaleString()} tokens`}
        onChange={(at) => (nCtx.value = contexts[at]!)}
      />
      <ComputesOn />
      <Slider
        label="Threads"
        hint="Fewer keep a phone cooler."
        min={0}
        max={Math.min(8, nCores)}
        step={1}
        value={threads.value}
        shown={threads.value === 0 ? 'automatic' : String(threads.value)}
        onChange={(value) => (threads.value = value)}
      />
      <SwitchRow
        label="Compact memory of the chat"
        hint="Half the memory for the context, nearly the same answers"
        isOn={kvType.value === 'q8_0'}
        onChange={(isOn) => (kvType.value = isOn ? 'q8_0' : 'f16')}
      />
      <Reopening />
    </Group>
  );
}

/** What there is to say where the engine does not run as these settings have it. */
function Reopening() {
  const state = engine.value;
  const wanted = { nCtx: nCtx.value, threads: threads.value };
  const isOther =
    state.type === 'ready' &&
    (Math.min(wanted.nCtx, state.info.nCtxTrain) !== state.info.nCtx ||
      (wanted.threads > 0 && wanted.threads !== state.info.threads && state.info.threads > 1) ||
      isOtherBackend(state.info));
  if (state.type === 'failed')
    return (
      <div class="list-block">
        <Note
          kind="no"
          title={state.trouble.title}
          actions={<Button onClick={() => void use(state.id)}>Try again</Button>}
        >
          {state.trouble.text}
        </Note>
      </div>
    );
  if (!isOther) return null;
  return (
    <div class="list-block">
      <Note actions={<Button onClick={() => void use(state.id)}>Open it again</Button>}>
        Changes count when the model is opened again.
      </Note>
    </div>
  );
}

function Data() {
  const input = useRef<HTMLInputElement>(null);
  return (
    <Group
      title="Your data"
      note={
        isKept.value
          ? 'Chats are stored in this browser, on this device.'
          : 'This browser keeps nothing: chats last as long as the tab.'
      }
    >
      <ActionRow icon={Download} label="Export all chats" hint="One JSON file" onClick={() => void exportJson()} />
      <ActionRow icon={Upload} label="Import chats" onClick={() => input.current!.click()} />
      <ActionRow
        icon={Trash2}
        label="Delete everything"
        isDanger
        onClick={() =>
          confirm({
            title: 'Delete everything?',
            text: 'All chats, personas and documents on this device. Models stay.',
            yes: 'Delete all',
            run: () => void deleteEverything(),
          })
        }
      />
      <input
        ref={input}
        type="file"
        hidden
        accept=".json,application/json"
        onChange={({ currentTarget }) => {
          const file = currentTarget.files?.[0];
          if (file) void importJson(file);
          currentTarget.value = '';
        }}
      />
    </Group>
  );
}
