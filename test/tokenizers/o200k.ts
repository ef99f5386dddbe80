import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Texts } from '../../src/base/texts.ts';
import type { Vocab } from '../../src/base/vocab.ts';

/** gpt-oss's control tokens; all others of the last thousand are reserved. */
const named = new Map<number, string>([
  [199998, '<|startoftext|>'],
  [199999, '<|endoftext|>'],
  [200002, '<|return|>'],
  [200003, '<|constrain|>'],
  [200005, '<|channel|>'],
  [200006, '<|start|>'],
  [200007, '<|end|>'],
  [200008, '<|message|>'],
  [200012, '<|call|>'],
  [200018, '<|endofprompt|>'],
]);
const nVocab = 201088;

/** Bytes as byte-level vocabularies spell them. */
function spelling(): string[] {
  let next = 0x100;
  const prints = (byte: number) => (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte !== 0xad);
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(prints(byte) ? byte : next++));
}

/**
 * The vocabulary of gpt-oss as its file has it, made of OpenAI's list of pieces: the merges of a piece are all its halves that are pieces,
 * as Hugging Face's converter has them.
 */
export function harmonyVocab(): Vocab {
  const path = fileURLToPath(import.meta.resolve('gpt-tokenizer/data/o200k_base.tiktoken'));
  const letters = spelling();
  const pieces: string[] = [];
  for (const line of readFileSync(path, 'latin1').split('\n')) {
    const [piece, rank] = line.split(' ');
    if (rank === undefined) continue;
    let spelled = '';
    for (const byte of Buffer.from(piece!, 'base64')) spelled += letters[byte]!;
    pieces[Number(rank)] = spelled;
  }
  const rankOf = new Map(pieces.map((piece, rank) => [piece, rank]));
  const merges: string[] = [];
  for (const piece of pieces) {
    const halves: { left: number; right: number; merge: string }[] = [];
    for (let at = 1; at < piece.length; at++) {
      const left = rankOf.get(piece.slice(0, at));
      const right = left === undefined ? undefined : rankOf.get(piece.slice(at));
      if (right !== undefined) halves.push({ left: left!, right, merge: `${piece.slice(0, at)} ${piece.slice(at)}` });
    }
    if (halves.length > 1) halves.sort((a, b) => a.left - b.left || a.right - b.right);
    for (const { merge } of halves) merges.push(merge);
  }
  const types = new Int32Array(nVocab).fill(1);
  for (let token = pieces.length; token < nVocab; token++) {
    pieces[token] = named.get(token) ?? `<|reserved_${token}|>`;
    types[token] = 3;
  }
  const eosToken = 200002;
  return { model: 'gpt2', pre: 'gpt-4o', tokens: Texts.of(pieces), merges: Texts.of(merges), types, eosToken };
}
