import { describe, expect, it } from 'vitest';
import { StopText } from '../../src/engine/stop_text.ts';

function feed(stops: string[], pieces: string[]): { text: string; stopped: boolean } {
  const stopText = new StopText(stops);
  let text = '';
  for (const piece of pieces) {
    const shown = stopText.push(piece);
    text += shown.text;
    if (shown.stopped) return { text, stopped: true };
  }
  return { text: text + stopText.flush(), stopped: false };
}

describe('stop texts', () => {
  it('are cut out, however the text was cut into pieces', () => {
    const text = 'one two three';
    for (let a = 0; a <= text.length; a++) {
      for (let b = a; b <= text.length; b++) {
        const pieces = [text.slice(0, a), text.slice(a, b), text.slice(b)];
        expect(feed(['two', 'three'], pieces)).toEqual({ text: 'one ', stopped: true });
      }
    }
  });

  it('hold back no more than may become one', () => {
    const stopText = new StopText(['<end>']);
    expect(stopText.push('a <e')).toEqual({ text: 'a ', stopped: false });
    expect(stopText.push('ar')).toEqual({ text: '<ear', stopped: false });
    expect(stopText.push('<<')).toEqual({ text: '<', stopped: false });
    expect(stopText.flush()).toBe('<');
  });

  it('that come first win', () => {
    expect(feed(['b', 'abc'], ['xab'])).toEqual({ text: 'xa', stopped: true });
    expect(feed(['END', 'N'], ['EN'])).toEqual({ text: 'E', stopped: true });
  });

  it('must not be empty', () => {
    expect(() => new StopText([''])).toThrow(TypeError);
  });
});
