import { FormatError } from '../errors.ts';

/**
 * A saved session: a JSON line that describes it, then plain little-endian arrays.
 *
 *     "thimble session 1\n" | {"fingerprint":…,"kvType":…,"nTokens":…,"stateBytes":[…]}\n | tokens i32[nTokens] | states…
 */
export interface SavedSession {
  readonly fingerprint: string;
  readonly kvType: string;
  readonly tokens: Int32Array;
  /** Keys and values of each layer in turn, `[nTokens, kvDim]` each. */
  readonly states: readonly Uint8Array[];
}

const magic = 'thimble session 1\n';

/** Longest description line read; a few numbers per layer. */
const maxHeaderBytes = 1 << 16;

export function encodeSaved({ fingerprint, kvType, tokens, states }: SavedSession): Uint8Array {
  const about = { fingerprint, kvType, nTokens: tokens.length, stateBytes: states.map((state) => state.length) };
  const head = new TextEncoder().encode(`${magic}${JSON.stringify(about)}\n`);
  const size = states.reduce((sum, state) => sum + state.length, head.length + tokens.length * 4);
  const bytes = new Uint8Array(size);
  bytes.set(head);
  const view = new DataView(bytes.buffer, head.length);
  tokens.forEach((token, i) => view.setInt32(i * 4, token, true));
  let at = head.length + tokens.length * 4;
  for (const state of states) {
    bytes.set(state, at);
    at += state.length;
  }
  return bytes;
}

/** @throws FormatError when the bytes are not a whole saved session. */
export function decodeSaved(bytes: Uint8Array): SavedSession {
  const start = new TextDecoder().decode(bytes.subarray(0, magic.length));
  const end = bytes.subarray(0, maxHeaderBytes).indexOf(10, magic.length);
  if (start !== magic || end < 0) throw damaged(`it starts with ${JSON.stringify(start)}`);
  const about = parseAbout(new TextDecoder().decode(bytes.subarray(magic.length, end)));
  const { fingerprint, kvType, nTokens, stateBytes } = about;
  const size = stateBytes.reduce((sum, n) => sum + n, end + 1 + nTokens * 4);
  if (size !== bytes.length) throw damaged(`it has ${bytes.length} bytes, its header says ${size}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset + end + 1);
  const tokens = Int32Array.from({ length: nTokens }, (_, i) => view.getInt32(i * 4, true));
  let at = end + 1 + nTokens * 4;
  const states = stateBytes.map((n) => bytes.subarray(at, (at += n)));
  return { fingerprint, kvType, tokens, states };
}

interface About {
  readonly fingerprint: string;
  readonly kvType: string;
  readonly nTokens: number;
  readonly stateBytes: readonly number[];
}

function parseAbout(json: string): About {
  let about: Partial<About>;
  try {
    about = JSON.parse(json) as Partial<About>;
  } catch (cause) {
    throw damaged('its header is not JSON', cause);
  }
  const { fingerprint, kvType, nTokens, stateBytes } = about;
  const isCount = (n: unknown): n is number => Number.isSafeInteger(n) && (n as number) >= 0;
  if (typeof fingerprint !== 'string' || typeof kvType !== 'string' || !isCount(nTokens)) {
    throw damaged('its header lacks a field');
  }
  if (!Array.isArray(stateBytes) || !stateBytes.every(isCount)) throw damaged('its header lacks state sizes');
  return { fingerprint, kvType, nTokens, stateBytes };
}

const damaged = (what: string, cause?: unknown): FormatError =>
  new FormatError(`this is not a whole saved session: ${what}; save it again`, { cause });
