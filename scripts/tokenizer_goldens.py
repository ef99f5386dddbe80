"""Golden word splits for pre-tokenizers that no model file at hand uses, and BERT ids where llama.cpp differs from BERT.

    python scripts/tokenizer_goldens.py DATA     # pip install tokenizers==0.23.3 gguf==0.19.0

Splits are those of Hugging Face `tokenizers` (its Oniguruma regular expressions), set up as in the models' tokenizer.json.
DATA holds ggml-vocab-bert-bge.gguf. Reads test/fixtures/tokenizers/texts.json, writes hugging_face.json beside it: for each
pre-tokenizer and text the lengths of the words in UTF-16 units.
"""

import json
import sys
from pathlib import Path

import tokenizers
from gguf import GGUFReader
from tokenizers import Regex, Tokenizer, models, normalizers
from tokenizers.pre_tokenizers import BertPreTokenizer, ByteLevel, Digits, Punctuation, Sequence, Split

CL100K = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|%s| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
UPPER, LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
O200K = (
    rf"[^\r\n\p{{L}}\p{{N}}]?{UPPER}*{LOWER}+%s|[^\r\n\p{{L}}\p{{N}}]?{UPPER}+{LOWER}*%s|%s"
    r"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
SUFFIX = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
DEEPSEEK_LETTERS = (
    "A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-\u1f7dᾀ-ᾴᾶ-ᾼ"
    "\u1fbeῂ-ῄῆ-ῌῐ-\u1fd3ῖ-\u1fdbῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤ\u2126ℨ\u212a-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗ"
    "Ａ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃"
)
DEEPSEEK_3 = (
    r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"""
    r"| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def isolated(*patterns):
    return [Split(Regex(pattern), "isolated") for pattern in patterns]


BYTES, WORDS = ByteLevel(add_prefix_space=False, use_regex=False), ByteLevel(add_prefix_space=False, use_regex=True)
PRE_TOKENIZERS = {
    "gpt-2": [WORDS],
    "starcoder": [Digits(individual_digits=True), WORDS],
    "falcon": [Punctuation("contiguous"), WORDS, *isolated("[0-9][0-9][0-9]")],
    "llama-bpe": [*isolated(CL100K % r"\p{N}{1,3}"), BYTES],
    "qwen2": [*isolated(CL100K % r"\p{N}"), BYTES],
    "tekken": [*isolated(O200K % ("", "", r"\p{N}")), BYTES],
    "gpt-4o": [*isolated(O200K % (SUFFIX, SUFFIX, r"\p{N}{1,3}")), BYTES],
    "deepseek-llm": [
        *isolated("[\r\n]", rf"\s?[{DEEPSEEK_LETTERS}]+", r"\s?[!-/:-~！-／：-～‘-‟　-。]+", r"\s+$", "[一-龥ࠀ-一가-퟿]+"),
        Digits(individual_digits=False),
        BYTES,
    ],
    "deepseek-coder": [
        *isolated("[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", "[一-龥ࠀ-一가-퟿]+"),
        Digits(individual_digits=True),
        BYTES,
    ],
    "deepseek-v3": [*isolated(r"\p{N}{1,3}", "[一-龥぀-ゟ゠-ヿ]+", DEEPSEEK_3), BYTES],
    "bloom": [*isolated(r" ?[^(\s|.,!?…。，、।۔،)]+"), BYTES],
}


def word_lengths(steps, text):
    words = Sequence(steps).pre_tokenize_str(text)
    return " ".join(str(len(text[begin:end].encode("utf-16-le")) // 2) for _, (begin, end) in words)


def bert(pieces):
    """BERT as Hugging Face has it, from a GGUF vocabulary: U+2581 in front of a word's first piece becomes ## before the others."""
    spell = lambda piece: piece[1:] if piece.startswith("▁") else piece if piece.startswith("[") and len(piece) > 1 else "##" + piece
    model = models.WordPiece({spell(piece): token for token, piece in enumerate(pieces)}, unk_token="[UNK]")
    tokenizer = Tokenizer(model)
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizers.BertNormalizer(lowercase=True), BertPreTokenizer()
    return lambda text: " ".join(map(str, tokenizer.encode(text, add_special_tokens=False).ids))


# A vocabulary in which no word of these letters is unknown, so that every character's fate shows: U+07FD is a mark since Unicode 11, U+061D
# punctuation since Unicode 14, U+0378 and U+E0080 are unassigned.
LETTERS = "abexyzßςσ一\u07fd\u061d\u0378\U000e0080\u0897\u1734."
TOY = ["[UNK]", *(mark + letter for letter in LETTERS for mark in ("▁", ""))]
ODD = [
    *("a" * 100, "a" * 101, "é" * 100, "é" * 101, "x" * 99 + "\u0301y", "\U000e0080" * 100, "\U000e0080" * 101, "a" * 101 + " b " + "a" * 300 + ".b"),
    *(f"a{character}b" for character in "\0\1\t\n\v\f\r\x1c\x1f \x7f\x80\x85\xa0\xad"),
    *(f"a{character}b" for character in "\u0300\u0301\u0345\u0378\u0483\u0488\u061c\u061d\u07fd\u0890\u0897\u08e2\u0903\u135d\u166d\u1680\u1734\u180e"),
    *(f"a{character}b" for character in "\u200b\u200d\u2028\u2029\u2060\u20dd\u2581\u2e52\u3000\u3002\u302a\ue000\ufa6e\ufe0f\ufeff\uff0c\ufffd\uffff"),
    *(f"a{character}b" for character in "\U000105c9\U000111c9\U000113c5\U00011938\U00011f01\U00020000\U0002a6df\U0002b81f\U000e0001\U000e0080\U000f0000\U0010ffff"),
    *("AÉ İSTANBUL", "ΣΑΣ Σ", "ǅ ß ẞ", "e\u0301\u0327x", "ex\u0301", "\u1e69", "각한", "一a一b", "$a+b<c=d>^e`|~f", "a.b,c-d_e'f\"g", "##a ▁a a▁b [UNK] [CLS]", " ", "", "\f"),
]


fixtures = Path(__file__).parent.parent / "test/fixtures/tokenizers"
texts = json.loads((fixtures / "texts.json").read_text())
bge = bert(GGUFReader(str(Path(sys.argv[1]) / "ggml-vocab-bert-bge.gguf")).fields["tokenizer.ggml.tokens"].contents())
toy = bert(TOY)
goldens = {
    "engine": f"Hugging Face tokenizers {tokenizers.__version__}",
    "splits": {name: [word_lengths(steps, text) for text in texts] for name, steps in PRE_TOKENIZERS.items()},
    "bert": {text: bge(text) for text in ("नमस्ते दुनिया", "안녕하세요 세계", "a\x85b\u2028c\u2029d\u200be\u200df")},
    "oddBert": {"pieces": TOY, "texts": {text: [toy(text), bge(text)] for text in ODD}},
}
(fixtures / "hugging_face.json").write_text(json.dumps(goldens, ensure_ascii=True, indent=0) + "\n")
