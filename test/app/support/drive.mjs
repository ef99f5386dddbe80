/** Drives the app in a frame, because a browser has no driver: the server says what to do. */
import { steps } from './driver.mjs';

async function drive() {
  const frame = /** @type {HTMLIFrameElement} */ (document.querySelector('iframe'));
  /** @param {string} path */
  const open = (path) =>
    new Promise((resolve) => {
      frame.onload = resolve;
      frame.src = path;
    });
  /** @type {string | undefined} */
  let done;
  for (;;) {
    const response = await fetch('./next', { method: 'POST', body: done ?? null });
    const { step, args } = await response.json();
    try {
      const inApp = () => steps[step]?.(/** @type {Document} */ (frame.contentDocument), ...args);
      done = JSON.stringify({ result: (step === 'open' ? void (await open(args[0])) : await inApp()) ?? null });
    } catch (error) {
      done = JSON.stringify({ error: /** @type {Error} */ (error).message });
    }
  }
}

await drive();
