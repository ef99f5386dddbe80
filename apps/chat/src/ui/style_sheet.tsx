/** How the model answers: its persona, and how freely it chooses words. */
import { ChevronDown, UserRoundPen } from 'lucide-preact';
import { engine } from '../models/engine.ts';
import { offeredById } from '../models/catalogue.ts';
import { openOverlay } from '../state/overlays.ts';
import { choosePersona, currentPersona, personas } from '../state/personas.ts';
import {
  choosePreset,
  currentPreset,
  knobs,
  maxTokens,
  ownKnobs,
  presets,
  sampler,
  seedText,
  turnKnob,
} from '../state/presets.ts';
import { goTo } from '../state/route.ts';
import { thinks } from '../state/settings.ts';
import { Button } from './button.tsx';
import { Slider, SwitchRow, TextField } from './fields.tsx';
import { Sheet } from './sheet.tsx';

export function openStyleSheet(): void {
  openOverlay((close) => <StyleSheet onClose={close} />);
}

function StyleSheet({ onClose }: { readonly onClose: () => void }) {
  const canThink =
    engine.value.type === 'ready' && (engine.value.info.thoughts !== undefined || offeredById(engine.value.id)?.thinks);
  return (
    <Sheet title="Persona and style" onClose={onClose}>
      <section>
        <div class="row">
          <h3 class="label grow">Persona</h3>
          <Button
            look="quiet"
            icon={UserRoundPen}
            onClick={() => {
              onClose();
              goTo('personas');
            }}
          >
            Edit
          </Button>
        </div>
        <div class="chips" role="radiogroup" aria-label="Persona">
          {personas.value.map(({ id, name }) => (
            <Chip key={id} label={name} isOn={currentPersona.value.id === id} onClick={() => void choosePersona(id)} />
          ))}
        </div>
        <p class="hint">{currentPersona.value.about}</p>
      </section>
      <section>
        <h3 class="label">Style</h3>
        <div class="chips" role="radiogroup" aria-label="Style">
          {presets.map(({ id, name }) => (
            <Chip key={id} label={name} isOn={currentPreset.value.id === id} onClick={() => choosePreset(id)} />
          ))}
        </div>
        <p class="hint">{currentPreset.value.about}</p>
      </section>
      {canThink && (
        <SwitchRow
          label="Think before answering"
          hint="Better at hard questions, slower to begin."
          isOn={thinks.value}
          onChange={(isOn) => (thinks.value = isOn)}
        />
      )}
      <Advanced />
    </Sheet>
  );
}

interface ChipProps {
  readonly label: string;
  readonly isOn: boolean;
  readonly onClick: () => void;
}

function Chip({ label, isOn, onClick }: ChipProps) {
  return (
    <button type="button" role="radio" class="chip" aria-checked={isOn} onClick={onClick}>
      {label}
    </button>
  );
}

function Advanced() {
  const own = engine.value.type === 'ready' ? engine.value.info.sampling : {};
  const isTurned = Object.keys(ownKnobs.value).length > 0;
  return (
    <details class="advanced">
      <summary>
        <span class="grow">Advanced</span>
        {isTurned && <span class="badge brass">changed</span>}
        <ChevronDown size={18} aria-hidden="true" />
      </summary>
      {knobs.map(({ name, label, about, neutral, ...limits }) => {
        const value = sampler.value[name] ?? own[name] ?? neutral;
        return (
          <Slider
            key={name}
            label={label}
            hint={about}
            {...limits}
            value={value}
            shown={String(Math.round(value * 100) / 100)}
            onChange={(value) => turnKnob(name, value)}
          />
        );
      })}
      <Slider
        label="Longest answer"
        hint="In tokens, about three quarters of a word each."
        min={0}
        max={4096}
        step={64}
        value={maxTokens.value}
        shown={maxTokens.value === 0 ? 'no limit' : String(maxTokens.value)}
        onChange={(value) => (maxTokens.value = value)}
      />
      <TextField
        label="Seed"
        hint="The same number gives the same answer to the same chat. Empty: another one each time."
        value={seedText.value}
        onInput={(text) => (seedText.value = text.replace(/\D/g, '').slice(0, 15))}
      />
      {isTurned && (
        <Button look="outline wide" onClick={() => (ownKnobs.value = {})}>
          As the style has it
        </Button>
      )}
    </details>
  );
}
