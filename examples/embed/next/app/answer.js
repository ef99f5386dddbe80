'use client';

import { useState } from 'react';
import { answer } from '../../answer.js';

export function Answer() {
  const [text, setText] = useState('');
  const [state, setState] = useState('waiting');

  async function pick({ target }) {
    try {
      await answer(target.files, setText);
      setState('done');
    } catch (error) {
      setText(String(error));
      setState('failed');
    }
  }

  return (
    <>
      <label htmlFor="model">Model (all shards of it)</label>
      <input id="model" type="file" accept=".gguf" multiple onChange={pick} />
      <p id="answer" role="status" data-state={state}>
        {text}
      </p>
    </>
  );
}
