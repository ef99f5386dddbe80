#!/usr/bin/env python3
"""Writes test/fixtures/quants: what ggml makes of fixed weights and fixed bytes, for every runnable quant type.

    pip install gguf==0.19.0 numpy==2.4.6
    npm pack @node-llama-cpp/linux-x64@3.22.1 && tar xzf node-llama-cpp-linux-x64-3.22.1.tgz
    python scripts/quant_goldens.py package/bins/linux-x64/libggml-base.so

The oracle is ggml's own library (its ggml_quantize_chunk and dequantize_row_* functions); wherever the gguf package has
the same function, the two must agree to the bit or nothing is written.

    input.f32         [nInput] f32: gaussian, heavy-tailed, one-sided, constant, tiny and zero weights
    <type>.blocks     the input quantised, then nRandom weights' worth of random bytes (scales kept finite)
    <type>.f32        those blocks decoded
    goldens.json      engines, counts, and the SHA-256 of each type's encoding of `pseudo_gaussian(nHashed)`; of the types that use
                      an importance matrix, that of the same and then of the input with one, as rows of nInput weights
"""

import ctypes
import hashlib
import importlib.metadata
import json
import pathlib
import sys

import gguf
import numpy as np

N_INPUT, N_RANDOM, N_HASHED = 1024, 512, 65536
OUT = pathlib.Path(__file__).resolve().parent.parent / "test" / "fixtures" / "quants"

# name, ggml's spelling, weights and bytes per block, where the block keeps f16 scales
TYPES = [
    ("f32", None, 1, 4, []),
    ("f16", None, 1, 2, []),
    ("bf16", None, 1, 2, []),
    ("q4_0", "q4_0", 32, 18, [0]),
    ("q4_1", "q4_1", 32, 20, [0, 2]),
    ("q5_0", "q5_0", 32, 22, [0]),
    ("q5_1", "q5_1", 32, 24, [0, 2]),
    ("q8_0", "q8_0", 32, 34, [0]),
    ("q2_k", "q2_K", 256, 84, [80, 82]),
    ("q3_k", "q3_K", 256, 110, [108]),
    ("q4_k", "q4_K", 256, 144, [0, 2]),
    ("q5_k", "q5_K", 256, 176, [0, 2]),
    ("q6_k", "q6_K", 256, 210, [208]),
    ("iq4_nl", "iq4_nl", 32, 18, [0]),
    ("iq4_xs", "iq4_xs", 256, 136, [0]),
    ("mxfp4", "mxfp4", 32, 17, []),
    ("q1_0", "q1_0", 128, 18, [0]),
    ("q2_0", "q2_0", 64, 18, [0]),
    ("tq1_0", "tq1_0", 256, 54, [52]),
    ("tq2_0", "tq2_0", 256, 66, [64]),
    ("iq2_xxs", "iq2_xxs", 256, 66, [0]),
    ("iq2_xs", "iq2_xs", 256, 74, [0]),
    ("iq2_s", "iq2_s", 256, 82, [0]),
    ("iq3_xxs", "iq3_xxs", 256, 98, [0]),
    ("iq3_s", "iq3_s", 256, 110, [0]),
    ("iq1_s", "iq1_s", 256, 50, [0]),
    ("iq1_m", "iq1_m", 256, 56, []),
    ("nvfp4", "nvfp4", 64, 36, []),
]
# the importance of each column is the square of a pseudo-gaussian number; every fifth column has none
WEIGHTED = ["q4_0", "q4_1", "q5_0", "q5_1", "q2_k", "q3_k", "q4_k", "q5_k", "q6_k", "iq4_nl", "iq4_xs"]
NEW_TYPES = {"q2_0": 42}  # that the gguf package does not know
DECODE_ONLY = {"iq2_xxs", "iq2_xs", "iq2_s", "iq3_xxs", "iq3_s", "iq1_s", "iq1_m", "nvfp4"}
ROW_FUNCTIONS = {"f16": "ggml_fp16_to_fp32_row", "bf16": "ggml_bf16_to_fp32_row"}


def pseudo_gaussian(n):
    """The test's generator: sums of four draws of a 32-bit linear congruential generator, scaled per 64 weights."""
    out = np.empty(n, np.float32)
    state = 1
    for i in range(n):
        total = 0
        for _ in range(4):
            state = (1664525 * state + 1013904223) % 2**32
            total += state
        out[i] = np.float32((total / 2**32 - 2) * 2.0 ** -(i // 64 % 7))
    return out


def make_input():
    r = np.random.default_rng(7)
    parts = [
        r.normal(0, 1, 256),
        r.standard_t(2, 256) * 0.02,
        np.abs(r.normal(0, 3, 64)),
        -np.abs(r.normal(0, 3, 64)),
        np.zeros(64),
        np.full(32, 0.75),
        np.full(32, -0.75),
        np.tile([1.5, -1.5], 64),
        r.normal(0, 1e-6, 64),
        r.normal(0, 1e-20, 32),
        np.arange(32) - 16,
    ]
    x = np.concatenate(parts).astype(np.float32)
    assert len(x) == N_INPUT
    return x


class Ggml:
    def __init__(self, path):
        self.lib = ctypes.CDLL(path)
        self.lib.ggml_version.restype = self.lib.ggml_commit.restype = ctypes.c_char_p
        self.version = f"ggml {self.lib.ggml_version().decode()} ({self.lib.ggml_commit().decode()})"

    def call(self, function, src, dst, n):
        pointer = ctypes.c_void_p
        f = getattr(self.lib, function)
        f.argtypes, f.restype = [pointer, pointer, ctypes.c_int64], None
        f(src.ctypes.data_as(pointer), dst.ctypes.data_as(pointer), n)
        return dst

    def encode(self, row, x, importance=None):
        name, _, size, nbytes, _ = row
        out = np.zeros(len(x) // size * nbytes, np.uint8)
        n_cols = N_INPUT if importance is None else len(importance)
        pointer, count = ctypes.c_void_p, ctypes.c_int64
        f = self.lib.ggml_quantize_chunk
        f.argtypes, f.restype = [ctypes.c_int, pointer, pointer, count, count, count, pointer], ctypes.c_size_t
        columns = None if importance is None else importance.ctypes.data_as(pointer)
        ggml_type = gguf.GGMLQuantizationType.__members__.get(name.upper(), NEW_TYPES.get(name))
        written = f(ggml_type, x.ctypes.data_as(pointer), out.ctypes.data_as(pointer), 0, len(x) // n_cols, n_cols, columns)
        assert written == len(out), name
        return out

    def decode(self, row, blocks):
        name, spelling, size, nbytes, _ = row
        if name == "f32":
            return blocks.view(np.float32).copy()
        n = len(blocks) // nbytes * size
        function = ROW_FUNCTIONS[name] if name in ROW_FUNCTIONS else f"dequantize_row_{spelling}"
        return self.call(function, blocks, np.zeros(n, np.float32), n)


def random_blocks(row, r):
    _, _, size, nbytes, scales_at = row
    blocks = r.integers(0, 256, (N_RANDOM // size, nbytes), dtype=np.uint8)
    for at in scales_at:
        blocks[:, at : at + 2] = r.normal(0, 0.1, (len(blocks), 1)).astype(np.float16).view(np.uint8)
    if row[0] == "iq1_m":  # the scale's bits are the upper nibbles of four numbers
        halves = np.abs(r.normal(0, 0.1, len(blocks))).astype(np.float16).view(np.uint16)
        for i in range(4):
            blocks[:, 49 + 2 * i] = (blocks[:, 49 + 2 * i] & 15) | (((halves >> (4 * i)) & 15) << 4)
    if size == 1:  # every bit pattern but infinities and NaN
        exponent = blocks[:, -1]
        exponent[(exponent & 0x7F) >= 0x7C] &= 0xBF
    return blocks.reshape(-1)


def check_against_gguf(row, x, encoded, blocks, decoded):
    if row[0].upper() not in gguf.GGMLQuantizationType.__members__:
        return "nothing: it does not know the type"
    qtype = gguf.GGMLQuantizationType[row[0].upper()]
    assert gguf.GGML_QUANT_SIZES[qtype] == (row[2], row[3]), row[0]
    try:
        ours = gguf.quants.dequantize(blocks.view(gguf_dtype(row)), qtype).astype(np.float32)
    except NotImplementedError:
        return "the size"
    assert np.array_equal(ours, decoded), f"{row[0]}: gguf and ggml decode differently"
    if row[0] in DECODE_ONLY:
        return "decode"
    try:
        packed = gguf.quants.quantize(x, qtype)
    except NotImplementedError:
        return "decode"
    assert np.array_equal(packed.view(np.uint8).reshape(-1), encoded), f"{row[0]}: gguf and ggml encode differently"
    return "encode and decode"


def gguf_dtype(row):
    return {"f32": np.float32, "f16": np.float16}.get(row[0], np.uint8)


def main():
    ggml = Ggml(sys.argv[1])
    r = np.random.default_rng(11)
    x, hashed = make_input(), pseudo_gaussian(N_HASHED)
    files, sha256, weighted = {"input.f32": x}, {}, {}
    importance = pseudo_gaussian(N_INPUT) ** 2
    importance[::5] = 0
    for row in TYPES:
        is_encoded = row[0] not in DECODE_ONLY
        encoded = ggml.encode(row, x) if is_encoded else np.zeros(0, np.uint8)
        blocks = np.concatenate([encoded, random_blocks(row, r)])
        decoded = ggml.decode(row, blocks)
        agreed = check_against_gguf(row, hashed, ggml.encode(row, hashed) if is_encoded else encoded, blocks, decoded)
        print(f"{row[0]}: {len(blocks)} bytes, agrees with gguf on {agreed}")
        files[f"{row[0]}.blocks"], files[f"{row[0]}.f32"] = blocks, decoded
        if is_encoded:
            sha256[row[0]] = hashlib.sha256(ggml.encode(row, hashed).tobytes()).hexdigest()
        if row[0] in WEIGHTED:
            both = [ggml.encode(row, weights, importance).tobytes() for weights in (hashed, x)]
            weighted[row[0]] = hashlib.sha256(b"".join(both)).hexdigest()
    goldens = {
        "made_by": "scripts/quant_goldens.py",
        "engines": [ggml.version, f"gguf (Python) {importlib.metadata.version('gguf')}"],
        "nInput": N_INPUT,
        "nRandom": N_RANDOM,
        "nHashed": N_HASHED,
        "sha256": sha256,
        "weighted": weighted,
    }
    OUT.mkdir(parents=True, exist_ok=True)
    for name, array in files.items():
        (OUT / name).write_bytes(array.tobytes())
    (OUT / "goldens.json").write_text(json.dumps(goldens, indent=2) + "\n")


main()
