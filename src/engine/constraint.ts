import { kindOf } from '../base/checks.ts';
import { FormatError, UnsupportedError } from '../base/errors.ts';
import type { Grammar, Item } from '../grammar/grammar.ts';
import { CompiledGrammar, Matcher } from '../grammar/matcher.ts';
import { literal } from '../grammar/regular.ts';
import { Vocabulary } from '../grammar/vocabulary.ts';
import type { ConstraintOptions, GenerateOptions } from '../protocol/generation.ts';
import type { Candidates } from '../sampling/candidates.ts';
import type { Sampler } from '../sampling/chain.ts';
import { keepMasked } from '../sampling/masked.ts';
import { decode } from '../tokenizers/stream.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { inFront, openingOf, withThoughts, type Opening } from './first_thoughts.ts';
import { forcedTokens } from './forced_tokens.ts';
import type { Marks } from './marks.ts';

type Compilers = {
  readonly [K in keyof ConstraintOptions]-?: (
    given: NonNullable<ConstraintOptions[K]>,
    tokenizer: Tokenizer,
  ) => Promise<Grammar>;
};

/** What makes the grammar of each kind of constraint. */
const compilers: Compilers = {
  async schema(schema) {
    const { grammarOfSchema } = await import('../grammar/schema/schema.ts');
    return grammarOfSchema(schema, { space: 'one', members: 'named' });
  },
  grammar: async (text, { tokenOf }) => (await import('../grammar/gbnf.ts')).grammarOfGbnf(text, tokenOf),
  async regexp(source) {
    checkRegexp(source);
    const { regularOfRegexp } = await import('../grammar/regexp.ts');
    return { rules: [{ kind: 'text', regular: regularOfRegexp(`^(?:${source})$`, 'u') }] };
  },
  async calls(calls, tokenizer) {
    const { grammarOfCalls } = await import('../chat/tools/call_grammar.ts');
    return grammarOfCalls(calls, (piece) => tokenizer.addedTokenOf(piece));
  },
};

/** @throws RangeError for a text that is none, whatever it may be with something around it. */
function checkRegexp(source: string): void {
  try {
    new RegExp(source, 'u');
  } catch (cause) {
    throw new RangeError(`regexp is none: ${(cause as Error).message}`, { cause });
  }
}

function grammarOf(given: ConstraintOptions, tokenizer: Tokenizer): Promise<Grammar> {
  const name = nameOf(given);
  return (compilers[name] as (given: unknown, tokenizer: Tokenizer) => Promise<Grammar>)(given[name], tokenizer);
}

/** What an answer is held to. */
interface Begun {
  readonly given: ConstraintOptions;
  readonly opening: Opening;
  /** The tokenizer writes a space in front of the answer, which is not shown. */
  readonly ownSpace: boolean;
}

/** The same, and how far it has come. Plain data, fit for JSON. */
export interface SavedConstraint extends Begun {
  /** The answer so far. */
  readonly tokens: readonly number[];
  /** Tokens that come next in any case. */
  readonly known: readonly number[];
}

/** The parts of a model that its constraints need. */
export interface Speaking {
  readonly tokenizer: Tokenizer;
  readonly marks?: Marks | undefined;
}

/** The options that a constraint looks at. */
type HeldOptions = ConstraintOptions & Pick<GenerateOptions, 'ignoreEos'>;

/** An answer as far as drawing its next token goes. */
interface Drawing {
  readonly sampler: Sampler;
  /** Prompt and answer. */
  readonly text: readonly number[];
}

/**
 * Chooses the tokens of an answer that is held to something:
 *
 *     drawn     {              "       a d a      ",            among those that may come next
 *     known       "name":  _                        "age":      forced by what was drawn: put in as the tokenizer makes it, and read in one step
 */
export class Constraint {
  private readonly tokenizer: Tokenizer;
  /** Stands behind the tokens that are known. */
  private readonly matcher: Matcher;
  private readonly begun: Begun;
  private readonly tokens: number[];
  private readonly known: number[];

  /** Tokens that are told with their places: what marks of thoughts and of calls are made of. */
  readonly marks: ReadonlySet<number>;

  private constructor(
    { tokenizer, marks }: Speaking,
    grammar: CompiledGrammar,
    { tokens, known, ...begun }: SavedConstraint,
  ) {
    this.tokenizer = tokenizer;
    this.marks = marksOf(tokenizer, marks, begun.given.calls?.tokens ?? []);
    this.matcher = new Matcher(grammar);
    this.begun = begun;
    this.tokens = [...tokens];
    this.known = [...known];
    for (const token of [...tokens, ...known]) this.matcher.accept(token);
  }

  /**
   * Of a new answer. @param prompt the tokens before it
   * @throws TypeError for several constraints, or what is none; what its compiler throws, in the words of its option; UnsupportedError
   *   where no text is of this form.
   */
  static async begin(model: Speaking, options: HeldOptions, prompt: readonly number[]): Promise<Constraint> {
    const { tokenizer, marks } = model;
    const given = constraintOf(options);
    checkEnds(given, options);
    const ownSpace = tokenizer.spacePrefix && tokenizer.isAdded(prompt.at(-1)!);
    const begun = { given, opening: openingOf(prompt, tokenizer, marks), ownSpace };
    const constraint = new Constraint(model, await compiled(model, begun), { ...begun, tokens: [], known: [] });
    constraint.checkAlive();
    constraint.force(prompt, undefined);
    return constraint;
  }

  /** Of an answer that goes on. @throws FormatError where it cannot have come so far. */
  static async goOn(model: Speaking, saved: SavedConstraint, options: HeldOptions = {}): Promise<Constraint> {
    checkEnds(saved.given, options);
    try {
      const given = constraintOf(saved.given);
      return new Constraint(model, await compiled(model, { ...saved, given }), saved);
    } catch (cause) {
      const came = `the answer that should go on is not held to its ${Object.keys(saved.given).join(' or ')}`;
      throw new FormatError(`${came}: ${(cause as Error).message}`, { cause });
    }
  }

  /** What `goOn` takes. */
  get saved(): SavedConstraint {
    return { ...this.begun, tokens: [...this.tokens], known: [...this.known] };
  }

  /** The next token needs no logits. */
  get knowsNext(): boolean {
    return this.known.length > 0;
  }

  /** The answer is whole, and nothing can come behind it. */
  get isOver(): boolean {
    return this.known.length === 0 && this.matcher.isOver;
  }

  /**
   * The next token: the one that is known, or one drawn from logits `[nVocab]`. The latter may be exchanged for a longer one, where it must
   * be followed by a text together with which the tokenizer makes it one token.
   * @throws UnsupportedError where no token may come; RangeError where the sampler's settings ban all that may.
   */
  draw(logits: Float32Array, { sampler, text }: Drawing): number {
    if (this.known.length === 0) {
      const drawn = sampler.sample(logits, this.narrow);
      if (this.tokenizer.isEndOfGeneration(drawn)) return drawn;
      this.matcher.accept(drawn);
      this.force(text, drawn);
    }
    const token = this.known.shift()!;
    this.tokens.push(token);
    return token;
  }

  /** How many guessed tokens may come, from the first on. */
  nPossible(guesses: ArrayLike<number>): number {
    const { known } = this;
    const ahead = this.matcher.fork(); // behind those that are known
    let n = 0;
    while (n < guesses.length && n < known.length && guesses[n] === known[n]) n++;
    if (n < known.length) return n;
    while (n < guesses.length && this.isText(guesses[n]!) && ahead.acceptBytes(this.tokenizer.bytes(guesses[n]!))) n++;
    return n;
  }

  private isText(token: number): boolean {
    return !this.tokenizer.isControl(token) && !this.tokenizer.isEndOfGeneration(token);
  }

  /** Leaves the tokens that may come next. */
  private readonly narrow = (candidates: Candidates): void => {
    this.checkAlive();
    keepMasked(candidates, this.matcher.mask());
  };

  private checkAlive(): void {
    if (!this.matcher.isDead) return;
    const said = JSON.stringify(decode(this.tokenizer, this.tokens.slice(-SHOWN)));
    const where = this.tokens.length === 0 ? 'it cannot begin' : `it cannot go on behind ${said}`;
    throw new UnsupportedError(
      `no answer that this model can write is of the form that ${nameOf(this.begun.given)} asks for: ${where}; change it`,
    );
  }

  /** Whether the answer is whole with this text, and nothing can come behind it. */
  private isLast(bytes: Uint8Array): boolean {
    const ahead = this.matcher.fork();
    return ahead.acceptBytes(bytes) && ahead.isOver;
  }

  /** Finds the tokens that come next in any case, the one that was drawn among them. */
  private force(before: readonly number[], drawn: number | undefined): void {
    const { tokenizer, matcher, known } = this;
    const bytes = matcher.forced();
    const tokens =
      bytes.length === 0 ? [] : forcedTokens(tokenizer, { before, drawn, bytes, isLast: this.isLast(bytes) });
    if (tokens.length === 0) {
      if (drawn !== undefined) known.push(drawn);
      return;
    }
    let nBytes = drawn === undefined ? 0 : -tokenizer.bytes(drawn).length;
    for (const token of tokens) {
      nBytes += tokenizer.bytes(token).length;
      known.push(token);
    }
    matcher.acceptBytes(bytes.subarray(0, nBytes));
  }
}

/** @throws TypeError where the answer is to have no end */
function checkEnds(given: ConstraintOptions, { ignoreEos }: HeldOptions): void {
  if (ignoreEos)
    throw new TypeError(`ignoreEos goes on past the end that ${nameOf(given)} asks for; leave one of them out`);
}

/** The constraint among the options of an answer. */
function constraintOf({ schema, grammar, regexp, calls }: ConstraintOptions): ConstraintOptions {
  const given = Object.entries({ schema, grammar, regexp, calls }).filter(
    ([, value]) => (value ?? undefined) !== undefined,
  );
  const names = given.map(([name]) => name).join(' and ');
  if (given.length !== 1)
    throw new TypeError(
      calls === undefined
        ? `the answer is held to ${names || 'nothing'}; give one of schema, grammar and regexp`
        : `the answer may call tools, and is held to ${names.replace(' and calls', '')}; leave one of them out, or give a schema`,
    );
  const [name, value] = given[0]!;
  if (name !== 'schema' && name !== 'calls' && typeof value !== 'string')
    throw new TypeError(`${name} is ${kindOf(value)}, expected a text`);
  return Object.fromEntries(given);
}

/** So many of the latest tokens are shown where an answer cannot go on. */
const SHOWN = 20;

/** How a constraint is called in messages: by its option. */
const nameOf = (given: ConstraintOptions) => Object.keys(given)[0] as keyof ConstraintOptions;

/** What is made once for a model, for all its answers. */
interface Shared {
  readonly vocabulary: Vocabulary;
  /** By what they were made of, the latest last. */
  readonly grammars: Map<string, CompiledGrammar>;
}

/** Of the models that are open, by the marks of calls, which are no text where calls are made of them. */
const shared = new WeakMap<Tokenizer, Map<string, Shared>>();

/** Grammars kept for the next answers: a program has few, and a server's clients may send any number. */
const MAX_GRAMMARS = 16;

async function compiled({ tokenizer, marks }: Speaking, begun: Begun): Promise<CompiledGrammar> {
  const { given, opening, ownSpace } = begun;
  const { vocabulary, grammars } = sharedOf(tokenizer, marks, given.calls?.tokens ?? []);
  const key = JSON.stringify([given, opening, ownSpace]);
  let grammar = grammars.get(key);
  if (!grammar || grammar.isWorn) {
    const thinking = marks !== undefined && opening !== 'none';
    const answer = await behindThoughts(await grammarOf(given, tokenizer), begun, { tokenizer, marks });
    grammar = new CompiledGrammar(
      ownSpace ? inFront(answer, (sentence) => behindSpace(sentence, thinking)) : answer,
      vocabulary,
    );
  }
  grammars.delete(key);
  grammars.set(key, grammar);
  if (grammars.size > MAX_GRAMMARS) grammars.delete(grammars.keys().next().value!);
  return grammar;
}

/** The grammar of an answer that may think first. */
async function behindThoughts(
  sentence: Grammar,
  { given, opening }: Begun,
  { tokenizer, marks }: Speaking,
): Promise<Grammar> {
  const isMessages = given.calls?.format === 'harmony';
  if (isMessages || (marks?.thoughts.isHarmony && opening !== 'none')) {
    const { inMessages } = await import('../chat/harmony/grammar.ts');
    return inMessages(sentence, { opening, isMessages }, (piece) => tokenizer.addedTokenOf(piece));
  }
  return marks && opening !== 'none' ? withThoughts(sentence, opening, tokenizer, marks) : sentence;
}

/** The space that a tokenizer writes; before a mark of thoughts, which may come first, there is none. */
const behindSpace = (sentence: Item, mayThink: boolean): Item => ({
  kind: 'sequence',
  items: [{ kind: 'repeat', item: { kind: 'text', regular: literal(' ') }, min: mayThink ? 0 : 1, max: 1 }, sentence],
});

function sharedOf(tokenizer: Tokenizer, marks: Marks | undefined, ofCalls: readonly string[]): Shared {
  const all = shared.get(tokenizer) ?? new Map<string, Shared>();
  shared.set(tokenizer, all);
  const key = JSON.stringify(ofCalls);
  let found = all.get(key);
  if (!found) all.set(key, (found = { vocabulary: vocabularyOf(tokenizer, marks, ofCalls), grammars: new Map() }));
  return found;
}

const marksOf = (tokenizer: Tokenizer, marks: Marks | undefined, ofCalls: readonly string[]): ReadonlySet<number> =>
  new Set([...(marks?.tokens ?? []), ...ofCalls.map((piece) => tokenizer.addedTokenOf(piece)!)]);

/** Marks are told from text by their tokens, which therefore are no text. */
function vocabularyOf(tokenizer: Tokenizer, marks: Marks | undefined, ofCalls: readonly string[]): Vocabulary {
  const { nVocab } = tokenizer;
  const isEnd = (token: number) => tokenizer.isEndOfGeneration(token);
  const marked = marksOf(tokenizer, marks, ofCalls);
  return new Vocabulary({
    nVocab,
    isEnd,
    isControl: (token) => tokenizer.isControl(token) || isEnd(token) || marked.has(token),
    bytes: (token) => tokenizer.bytes(token),
  });
}
