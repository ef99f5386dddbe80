import { answer } from './answer.js';

const picker = /** @type {HTMLInputElement} */ (document.querySelector('#model'));
const shown = /** @type {HTMLElement} */ (document.querySelector('#answer'));

picker.addEventListener('change', async () => {
  try {
    await answer(/** @type {FileList} */ (picker.files), (text) => (shown.textContent = text));
    shown.dataset['state'] = 'done';
  } catch (error) {
    shown.textContent = String(error);
    shown.dataset['state'] = 'failed';
  }
});
