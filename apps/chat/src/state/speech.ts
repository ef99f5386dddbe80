/** Read-aloud and dictation, only where the platform does them on this device. */
import { computed, signal } from '@preact/signals';
import { notify } from './notices.ts';
import { spokenText } from './spoken_text.ts';

/** The message that is being read aloud. */
export const isReading = signal<string | null>(null);

const voices = signal<readonly SpeechSynthesisVoice[]>([]);

const synthesis: SpeechSynthesis | undefined = 'speechSynthesis' in window ? speechSynthesis : undefined;

const listVoices = () => (voices.value = synthesis?.getVoices().filter(({ localService }) => localService) ?? []);
listVoices();
synthesis?.addEventListener?.('voiceschanged', listVoices);

/** Whether there is a voice that needs no server. */
export const canRead = computed(() => voices.value.length > 0);

/** Code is named, not read. */
const readText = (text: string): string => spokenText(text.replace(/```[\s\S]*?(```|$)/g, ' (code) '));

export function readAloud(id: string, text: string): void {
  if (!synthesis) return;
  stopReading();
  const language = navigator.language.slice(0, 2);
  const voice = voices.value.find(({ lang }) => lang.startsWith(language)) ?? voices.value[0];
  const utterance = new SpeechSynthesisUtterance(readText(text));
  if (voice) {
    utterance.voice = voice;
    utterance.lang = voice.lang;
  }
  const end = () => {
    if (isReading.value === id) isReading.value = null;
  };
  utterance.onend = end;
  utterance.onerror = end;
  isReading.value = id;
  synthesis.speak(utterance);
}

export function stopReading(): void {
  isReading.value = null;
  synthesis?.cancel();
}

/** What browsers call recognition that runs on the device; not in TypeScript's library yet. */
interface Recognition extends EventTarget {
  lang: string;
  continuous: boolean;
  interimResults: boolean;
  processLocally: boolean;
  start(): void;
  stop(): void;
}

interface RecognitionClass {
  new (): Recognition;
  available?(options: { langs: readonly string[]; processLocally: boolean }): Promise<string>;
}

const names = window as unknown as { SpeechRecognition?: RecognitionClass; webkitSpeechRecognition?: RecognitionClass };
const Recognizer = names.SpeechRecognition ?? names.webkitSpeechRecognition;

/** Whether speech can be made text without leaving the device. */
export const canDictate = signal(false);
export const isDictating = signal(false);

/** Asks the browser; only an answer of “on this device, now” counts. */
export async function lookForDictation(): Promise<void> {
  if (!Recognizer?.available || !('processLocally' in Recognizer.prototype)) return;
  const options = { langs: [navigator.language], processLocally: true };
  canDictate.value = (await Recognizer.available(options).catch(() => 'unavailable')) === 'available';
}

let recognition: Recognition | undefined;

/** Listens until it is stopped; hands out what was heard so far. */
export function dictate(onText: (text: string) => void): void {
  if (!Recognizer || !canDictate.value) return;
  recognition = new Recognizer();
  Object.assign(recognition, {
    lang: navigator.language,
    continuous: true,
    interimResults: true,
    processLocally: true,
  });
  recognition.addEventListener('result', (event) => {
    const { results } = event as Event & { results: ArrayLike<ArrayLike<{ transcript: string }>> };
    onText(Array.from(results, (result) => result[0]!.transcript).join(''));
  });
  recognition.addEventListener('error', () =>
    notify('Dictation stopped: the browser did not understand, or has no microphone.'),
  );
  recognition.addEventListener('end', () => (isDictating.value = false));
  isDictating.value = true;
  recognition.start();
}

export function stopDictating(): void {
  recognition?.stop();
}
