import { expect, it } from 'vitest';
import { createSpeaker, spoken } from '../../apps/chat/src/state/notices.ts';
import { spokenText } from '../../apps/chat/src/state/spoken_text.ts';

/** What screen readers and read-aloud say of an answer. */

it.each([
  ['Call `create_rivers` of _my_module_, then __init__.', 'Call create_rivers of my_module, then init.'],
  ['**Strong**, *slanted*, _so_, ~~gone~~ and ***both***.', 'Strong, slanted, so, gone and both.'],
  ['## Title of C#\n> quoted, 3 > 2\n- item\n* other 2 * 3', 'Title of C#\nquoted, 3 > 2\nitem\nother 2 * 3'],
  ['About ~5 km: [see here](https://a.example/b_c).', 'About ~5 km: see here.'],
])('%s', (text, said) => expect(spokenText(text)).toBe(said));

it('a growing answer is said by sentences', () => {
  const speaker = createSpeaker();
  speaker.grow('Use `snake_case`. And');
  expect(spoken.value).toBe('Use snake_case.');
  speaker.end('Use `snake_case`. And **more**');
  expect(spoken.value).toBe('And more');
});
