import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { execFileSync } from 'node:child_process';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openPty, type Pty, type PtyOptions } from '../helpers/pty.ts';
import { cliPath } from './cli.ts';

const hint = '? for help';
const enter = '\r';
const up = '\x1b[A';
const ctrl = (letter: string) => String.fromCharCode(letter.charCodeAt(0) - 64);
/** Asks for an answer that goes on for a while. */
const longQuestion = `Count from 1 to 500.${enter}`;

describe('a chat at a terminal', () => {
  let folder: string;
  let open: Pty[] = [];
  beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'thimble-chat-'))));
  afterAll(() => rm(folder, { recursive: true }));
  afterEach(() => {
    for (const pty of open) pty.kill('SIGKILL');
    open = [];
  });

  const chat = async (options: PtyOptions & { args?: string[] } = {}): Promise<Pty> => {
    const { args = [], env, ...size } = options;
    const pty = openPty(process.execPath, [cliPath, 'chat', '--temp', '0', '--threads', '1', ...args], {
      ...size,
      env: { XDG_STATE_HOME: join(folder, 'state'), TERM_PROGRAM: 'vscode', TMUX: '', ...env },
    });
    open.push(pty);
    await pty.see(hint);
    return pty;
  };
  const isAsking = (screen: string[]) => screen.some((line) => line.startsWith(`> ask`));
  const prompt = (pty: Pty) => pty.see(isAsking);
  /** Types a line, and waits for the prompt after what it does. */
  const say = async (pty: Pty, line: string): Promise<string[]> => {
    const before = pty.everything().filter((row) => row !== '').length;
    pty.type(`${line}${enter}`);
    await pty.see(() => pty.everything().filter((row) => row !== '').length > before && isAsking(pty.screen()));
    return pty.screen();
  };
  const path = (name: string) => join(folder, name);

  it('shows nothing of what is typed while the model loads, and answers it then', async () => {
    const pty = openPty(process.execPath, [cliPath, 'chat', '--temp', '0', '--no-history'], { env: {} });
    open.push(pty);
    for (const key of `What is the capital of France?${enter}/st\t`) {
      pty.type(key);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await pty.see('Paris');
    await pty.see('> /st');
    const rows = pty.everything();
    expect(rows.filter((row) => row.includes('loading'))).toEqual([]);
    expect(rows.filter((row) => row.includes('capital of France?'))).toHaveLength(1);
  });

  it('counts an answer that was stopped, and answers what is entered right behind Ctrl-C', async () => {
    const pty = await chat({ columns: 120 });
    pty.type(longQuestion);
    await pty.see(/2\. 2/);
    pty.type(`dropped${enter}`);
    await pty.see('1 more to answer');
    pty.type(`${ctrl('C')}/stats${enter}`);
    await pty.see(/stopped; 1 waiting message dropped · \d+ tokens? · .* tok\/s · first after .* · context \d+ %/);
    await pty.see(/^1 answer, [1-9]\d* tokens?, /m);
    await pty.see(/conversation of 2 messages/);
  });

  it('ends an answer that is as long as the context, and says so', async () => {
    const pty = await chat({
      args: ['-c', '128', '--logit-bias', '2:-inf', '--temp', '1', '--seed', '1'],
      columns: 120,
    });
    const screen = (await say(pty, 'Tell me a long story about the sea.')).join('\n');
    expect(screen).toMatch(/128 tokens · .* · cut: it is as long as the context/);
  });

  it('draws another answer at /regen where temp is 0', async () => {
    const pty = await chat({ args: ['-n', '6'], columns: 120 });
    expect((await say(pty, 'Tell me a story.')).join('\n')).toContain('cut by /set max-tokens');
    expect((await say(pty, '/regen')).join('\n')).toContain('temp 0.7 this time');
    await say(pty, '/set temp 1');
    await say(pty, '/set SEED=5');
    expect((await say(pty, '/regen')).join('\n')).toContain('another seed this time');
    expect((await say(pty, '/set')).join('\n')).toMatch(/temp +1 .*[^]*seed +5 /);
    expect((await saved(pty, 'regen.json')).messages).toHaveLength(2);
  });

  it('sets question, answer and status apart', async () => {
    const pty = await chat();
    const screen = await say(pty, 'What is the capital of France?');
    const at = screen.indexOf('> What is the capital of France?');
    expect(screen.slice(at + 1, at + 7)).toEqual([
      '',
      'The capital of France is Paris.',
      '',
      expect.stringMatching(/^7 tokens · .* tok\/s/),
      expect.stringMatching(/^─+$/),
      expect.stringContaining(hint),
    ]);
  });

  it('takes what is pasted as one message, and sends a long one whole', async () => {
    const pty = await chat({ args: ['-n', '3'] });
    pty.paste('one\ntwo');
    await pty.see((screen) => screen.includes('> one') && screen.includes('  two'));
    pty.type(ctrl('C'));
    await prompt(pty);
    pty.type('Sum up: ');
    const long = Array.from({ length: 2000 }, (_, i) => `${i}`).join('\n');
    pty.paste(long);
    await pty.see('> Sum up: [pasted 2,000 lines]');
    pty.type(ctrl('C'));
    await prompt(pty);
    pty.paste(Array.from({ length: 50 }, (_, i) => `line ${i}`).join('\n'));
    await pty.see('> [pasted 50 lines]');
    await say(pty, '');
    await say(pty, `/save ${path('pasted.json')}`);
    const { messages } = JSON.parse(await readFile(path('pasted.json'), 'utf8')) as { messages: { content: string }[] };
    expect(messages[0]!.content.split('\n')).toHaveLength(50);
  });

  it('goes down its ladder at Ctrl-C: the answer and the queue, a warning, the end', async () => {
    const pty = await chat();
    pty.type(longQuestion);
    await pty.see('2');
    pty.type(`waits${enter}too${enter}half a line`);
    await pty.see('2 more to answer');
    pty.type(ctrl('C'));
    await pty.see('stopped; 2 waiting messages dropped');
    await pty.see('> half a line');
    pty.type(ctrl('C'));
    await prompt(pty);
    pty.type(ctrl('C'));
    await pty.see('Ctrl-C again leaves');
    pty.type('x\x7f');
    await pty.see((screen) => !screen.join().includes('again leaves'));
    pty.type(ctrl('C'));
    await pty.see('Ctrl-C again leaves');
    pty.type(ctrl('C'));
    expect(await pty.ended).toBe(130);
    expect(pty.raw()).toMatch(/\x1b\[\?2004l\x1b\[\?25h$/);
  });

  it('comes back whole after Ctrl-Z', async () => {
    const pty = openPty('bash', ['--norc', '-i'], { columns: 200, env: { PS1: '$ ' } });
    open.push(pty);
    pty.type(`${process.execPath} ${cliPath} chat --no-history${enter}`);
    await pty.see(hint);
    pty.type(ctrl('C'));
    await pty.see('Ctrl-C again leaves');
    pty.type(ctrl('Z'));
    await pty.see('Stopped');
    pty.type(`fg${enter}`);
    await pty.see((screen) => screen.findLastIndex((row) => row.includes(hint)) > screen.indexOf('$ fg'));
    expect(pty.screen().join('\n')).not.toContain('again leaves');
    pty.type('/se\t');
    await pty.see((screen) => screen.includes('> /set'));
    pty.type('te\t0.5');
    await pty.see('> /set temp 0.5');
  });

  it.each([['/quit'], ['/bye'], ['/exit'], [ctrl('D')]])('leaves at %j', async (line) => {
    const pty = await chat();
    pty.type(line.startsWith('/') ? line + enter : line);
    expect(await pty.ended).toBe(0);
  });

  it('answers what was typed ahead, one after the other', async () => {
    const pty = await chat({ args: ['-n', '20'] });
    pty.type(longQuestion);
    await pty.see('1');
    pty.type(`What is the capital of France?${enter}`);
    await pty.see('Paris');
    await prompt(pty);
    expect(pty.everything()).toContain('> What is the capital of France?');
  });

  it('keeps messages between sittings, for their owner alone', async () => {
    const state = { XDG_STATE_HOME: path('kept') };
    const first = await chat({ env: state, args: ['-n', '8'] });
    await say(first, '/set temp 0.1');
    first.paste('a message\nof two lines');
    first.type(enter);
    await first.see('tok/s');
    await prompt(first);
    first.type(ctrl('D'));
    await first.ended;
    const file = path('kept/thimble/chat_history');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const second = await chat({ env: state });
    second.type(up);
    await second.see((screen) => screen.includes('> a message') && screen.includes('  of two lines'));
    second.type(up + up);
    await second.see('> /set temp 0.1');
    second.type(ctrl('C'));
    await prompt(second);
    second.type(`a m${up}`);
    await second.see('> a message');
  });

  it.each([
    [['--no-history'], {}],
    [[], { THIMBLE_NO_HISTORY: '1' }],
  ])('keeps none where it is told so (%j, %j)', async (args, env) => {
    const pty = await chat({ args, env: { ...env, XDG_STATE_HOME: path('none') } });
    await say(pty, '/stats');
    pty.type(ctrl('D'));
    await pty.ended;
    await expect(stat(path('none/thimble'))).rejects.toThrow('ENOENT');
  });

  it('changes settings, has the library check them, and shows what holds', async () => {
    const pty = await chat({ columns: 120 });
    for (const [line, shown] of [
      ['/set temp 0.5', 'temp 0.5, set here'],
      ['/set top_k 20', 'top-k 20, set here'],
      ['/set parameter temperature 0.7', 'temp 0.7, set here'],
      ['/set temp high', 'temp is "high", expected a number'],
      ['/set temp -1', 'temp is -1, expected a number from 0 to 100'],
      ['/set tmp 1', 'there is no setting tmp; did you mean temp?'],
      ['/set temp', 'temp 0.7, set here'],
      ['/set system Be brief.', 'the model is told so'],
      ['/system', 'Be brief.'],
      ['/set system ""', 'the system message is gone'],
      ['/system', 'there is no system message'],
      ['/set system "Be brief."', 'the model is told so'],
      ['/set temp=0.6', 'temp 0.6, set here'],
      ['/set Temperature = 0.7', 'temp 0.7, set here'],
      ['/set num_predict 9', 'max-tokens 9, set here'],
      ['/set max-tokens -1', 'max-tokens has its default'],
      ['/set num_ctx 100', 'ctx holds from the start: thimble chat --ctx 100'],
      ['/new', 'the conversation is forgotten'],
      ['/hlep', 'there is no command /hlep; did you mean /help?'],
    ] as const) {
      expect((await say(pty, line)).join('\n')).toContain(shown);
    }
    const screen = (await say(pty, '/show')).join('\n');
    for (const shown of [
      'SmolLM2 135M Instruct, llama',
      'of 4,096 positions',
      /system +Be brief\./,
      /temp +0\.7 +set here/,
    ]) {
      expect(screen).toMatch(shown);
    }
    expect((await say(pty, '?')).join('\n')).toContain('/load FILE');
    expect((await say(pty, '/set temp default')).join('\n')).toMatch(/temp (has its default|.*the model's)/);
  });

  it('replaces a file only when told so, and keeps the old one where the new one fails', async () => {
    const pty = await chat();
    const file = path('old.json');
    await writeFile(file, 'old');
    pty.type(`/save ${file}${enter}`);
    await pty.see('Replace it? [y/N]');
    pty.paste('y\n');
    pty.type('n');
    await pty.see('stays as it is');
    expect(await readFile(file, 'utf8')).toBe('old');
    pty.type(`/save ${file}${enter}`);
    await pty.see(
      (screen) => screen.at(-1)!.includes('[y/N]') || screen.filter((line) => line.includes('[y/N]')).length > 1,
    );
    pty.type('y');
    await pty.see('saved 0 messages');
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ messages: [] });
    expect((await say(pty, `/save ${folder}`)).join('')).toContain('is a folder');
    expect((await say(pty, '/save /no/such/folder/file')).join('')).toContain(
      'cannot create /no/such/folder/file: there is no such folder',
    );
    expect((await say(pty, '/save ~/no/such/folder')).join('')).toContain(`cannot create ${homedir()}/no`);
  });

  it('keeps the conversation whatever it is to load, and says what is wrong', async () => {
    const pty = await chat({ columns: 200, args: ['-n', '8'] });
    await say(pty, 'What is the capital of France?');
    const { messages } = await saved(pty, 'before.json');
    execFileSync('mkfifo', [path('fifo')]);
    const odd: [name: string, content: unknown, says: string][] = [
      ['text', 'no json', 'is not JSON'],
      ['null', null, 'has no list of messages'],
      ['number', { messages: 3 }, 'has no list of messages'],
      ['role', { messages: [{ role: 1, content: 'x' }] }, 'message 1: role is a number'],
      ['string', ['x'], 'message 1: it is a string'],
      ['content', [{ role: 'user', content: 5 }], 'message 1: content is a number, expected a text'],
      ['calls', [{ role: 'user', content: 'x', tool_calls: {} }], 'tool_calls is an object, expected a list'],
      ['camel', [{ role: 'user', content: 'x', toolCalls: { a: 1 } }], 'toolCalls is an object, expected a list'],
      ['empty', [], 'holds no messages'],
    ];
    for (const [name, content, says] of odd) {
      await writeFile(path(name), typeof content === 'string' ? content : JSON.stringify(content));
      expect((await say(pty, `/load ${path(name)}`)).join('\n')).toContain(says);
    }
    expect((await say(pty, `/load ${path('fifo')}`)).join('\n')).toContain('it is not a file');
    expect((await say(pty, `/load ${folder}`)).join('\n')).toContain('it is a folder, expected a file');
    execFileSync('truncate', ['-s', '5G', path('huge')]);
    expect((await say(pty, `/load ${path('huge')}`)).join('\n')).toContain('more than a conversation');
    expect((await say(pty, `/load ${path('absent')}`)).join('\n')).toContain('no such file');
    expect((await saved(pty, 'after.json')).messages).toEqual(messages);
    expect((await say(pty, 'And of Italy?')).join('\n')).toContain('Rome');
  });

  const saved = async (pty: Pty, name: string) => {
    await say(pty, `/save ${path(name)}`);
    return JSON.parse(await readFile(path(name), 'utf8')) as { messages: unknown[] };
  };

  it('shows the end of a loaded conversation, harmless, and goes on with it', async () => {
    const messages = [
      { role: 'system', content: 'Be kind.' },
      { role: 'user', content: 'first' },
      { role: 'assistant', content: 'long ago' },
      { role: 'user', content: 'Say **bold**\x1b[2J' },
      { role: 'assistant', content: 'It is **bold**\x1b]0;owned\x07 now.' },
    ];
    await writeFile(path('talk.json'), JSON.stringify({ model: 'another', messages }));
    const pty = await chat({ args: ['-n', '8'] });
    const screen = (await say(pty, `/load ${path('talk.json')}`)).join('\n');
    for (const shown of [
      '> Say **bold**␛[2J',
      'It is bold␛]0;owned␇ now.',
      'going on after 5 messages',
      'said with another',
    ]) {
      expect(screen).toContain(shown);
    }
    expect(screen).not.toContain('long ago');
    expect(pty.raw()).not.toContain('\x1b]0;');
    await say(pty, 'Thank you');
    expect((await saved(pty, 'more.json')).messages).toHaveLength(7);
  });

  const words = (text: string) => text.replace(/\s+/g, '');

  it('works in 40 columns, and draws anew when the window changes while one types or it answers', async () => {
    const pty = await chat({ columns: 40, args: ['-n', '60'] });
    const typed = 'Tell me a long story about a little girl who lived by the sea';
    pty.type(typed);
    await pty.see('the sea');
    pty.resize(30, 24);
    await pty.see((screen) => screen.join('').replace(/ {2,}/g, '').includes('by the sea'));
    await expect.poll(() => pty.screen().filter((line) => line.includes('Tell me')).length).toBe(1);
    pty.resize(50, 20);
    await expect.poll(() => words(pty.screen().join(''))).toContain(words(typed));
    pty.type(enter);
    await pty.see((screen) => screen.filter((line) => line !== '').length > 7);
    pty.resize(36, 24);
    await pty.see('tok/s');
    await prompt(pty);
    const { messages } = (await saved(pty, 'story.json')) as { messages: { content: string }[] };
    expect(words(pty.everything().join('\n'))).toContain(words(messages[1]!.content));
  });

  it('takes a long text in time even where it comes as keys', async () => {
    const pty = await chat({ args: ['-n', '2'] });
    pty.type(`/system ${'y'.repeat(30_000)}`);
    await pty.see((screen) => screen.at(-3)!.endsWith('y'), 10_000);
    pty.type(enter);
    await pty.see('the model is told so', 10_000);
    expect(pty.raw().length).toBeLessThan(2_000_000);
  });

  it('gives the terminal back when it is told to end', async () => {
    const pty = await chat();
    pty.type(longQuestion);
    await pty.see('stops', 300).catch(() => undefined);
    pty.kill('SIGTERM');
    expect(await pty.ended).toBe(143);
    expect(pty.raw()).toMatch(/\x1b\[\?2004l\x1b\[\?25h$/);
  });

  it('is plain text where the terminal cannot do more', async () => {
    const pty = await chat({ env: { NO_COLOR: '1' } });
    await say(pty, '/help');
    expect(pty.raw()).not.toMatch(/\x1b\[[\d;]*m/);
    const dumb = openPty(process.execPath, [cliPath, 'chat', '--temp', '0'], { env: { TERM: 'dumb' } });
    open.push(dumb);
    await dumb.see('>');
    dumb.type('What is the capital of France?\r');
    await dumb.see('Paris');
    await dumb.see('tok/s');
    expect(dumb.raw()).not.toContain('\x1b');
    dumb.type('/bye\r');
    expect(await dumb.ended).toBe(0);
  });

  it('says why nothing is kept, and goes on', async () => {
    await writeFile(path('no-folder'), '');
    const pty = await chat({ env: { XDG_STATE_HOME: path('no-folder') } });
    expect(pty.screen().join('\n')).toContain('messages are not kept');
    await chmod(path('no-folder'), 0o600);
  });
});
