/** What is typed before there is a screen. */
import { stdin } from 'node:process';
import { ctrlC, ctrlZ } from './keys.ts';

/**
 * Keeps what is typed for whoever reads stdin next: echoed, it would stand in the middle of a progress bar. Returns what ends that;
 * the terminal is then as it was before.
 */
export function holdKeys(): () => void {
  const held: Uint8Array[] = [];
  const take = (bytes: Uint8Array): void => {
    if (bytes.includes(ctrlC))
      process.emit('SIGINT'); // in raw mode the terminal sends a key, no signal
    else if (bytes.includes(ctrlZ)) suspend();
    else held.push(bytes);
  };
  const resume = (): void => void stdin.setRawMode(true);
  const suspend = (): void => {
    stdin.setRawMode(false);
    process.kill(0, 'SIGTSTP');
  };
  let isHolding = true;
  process.on('SIGCONT', resume);
  stdin.on('data', take);
  resume();
  return () => {
    if (!isHolding) return;
    isHolding = false;
    process.off('SIGCONT', resume);
    stdin.off('data', take).pause();
    stdin.setRawMode(false);
    if (held.length > 0) stdin.unshift(Buffer.concat(held));
  };
}
