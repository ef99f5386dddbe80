#!/usr/bin/env python3
"""Writes test/fixtures/compress/mixes.json: which type llama.cpp gives each tensor of some models, for every mix.

    pip install gguf==0.19.0 numpy==2.4.6
    npm pack @node-llama-cpp/linux-x64@3.22.1 && tar xzf node-llama-cpp-linux-x64-3.22.1.tgz
    python scripts/mix_goldens.py package/bins/linux-x64

The oracle is llama_model_quantize of llama.cpp v0.5.0. The models are small, with few rows; what counts are names and columns. In the
result, each model has its metadata, its tensors as [name, shape], and for every mix a text with a letter for each tensor: as the mix
chooses it, the same with an importance matrix, and with --pure. null stands where llama.cpp refuses.
"""

import ctypes as c
import glob
import importlib.metadata
import json
import pathlib
import sys
import tempfile

import gguf
import numpy as np

OUT = pathlib.Path(__file__).resolve().parent.parent / "test" / "fixtures" / "compress" / "mixes.json"
ROWS = 4
FILE_TYPES = {
    **{"F32": 0, "F16": 1, "Q4_0": 2, "Q4_1": 3, "Q8_0": 7, "Q5_0": 8, "Q5_1": 9, "Q2_K": 10, "Q3_K_S": 11, "Q3_K_M": 12},
    **{"Q3_K_L": 13, "Q4_K_S": 14, "Q4_K_M": 15, "Q5_K_S": 16, "Q5_K_M": 17, "Q6_K": 18, "Q2_K_S": 21, "IQ4_NL": 25},
    **{"IQ4_XS": 30, "BF16": 32, "MXFP4_MOE": 38, "Q1_0": 40},
}
WAYS = ("plain", "weighted", "pure")


class Params(c.Structure):
    """llama_model_quantize_params, of which only the first fields and the pointers behind them are set here."""

    _fields_ = [(name, c.c_int32) for name in ("threads", "file_type", "output_type", "embedding_type")]
    _fields_ += [(name, c.c_bool) for name in ("requantize", "output", "only_copy", "pure", "keep_split", "dry_run")]
    _fields_ += [(name, c.c_void_p) for name in ("imatrix", "overrides", "tensor_types", "pruned")] + [("most", c.c_size_t)]


class Entry(c.Structure):
    _fields_ = [("name", c.c_char_p), ("data", c.c_void_p), ("size", c.c_size_t)]


def layers(n, dim=256, ffn=256, kv=64, experts=0, fused=False, tied=True, only=""):
    """The tensors of a decoder, as (name, shape)."""
    tensors = [("token_embd.weight", (ROWS, dim)), ("output_norm.weight", (dim,))]
    tensors += [] if tied else [("output.weight", (ROWS, dim))]
    for i in range(n):
        one = [("attn_norm.weight", (dim,)), ("attn_output.weight", (ROWS, dim)), ("attn_v.bias", (kv,))]
        one += [("attn_qkv.weight", (ROWS, dim))] if fused else [(f"attn_{x}.weight", (ROWS, dim)) for x in "qkv"]
        stack = (experts,) if experts else ()
        end = "_exps.weight" if experts else ".weight"
        one += [("ffn_gate_inp.weight", (experts, dim))] if experts else []
        one += [(f"ffn_{x}{end}", (*stack, ROWS, dim)) for x in ("gate", "up")] + [(f"ffn_down{end}", (*stack, ROWS, ffn))]
        tensors += [(f"blk.{i}.{name}", shape) for name, shape in one if only in name]
    return tensors


ODD = [
    *[("per_layer_token_embd.weight", (ROWS, 256)), ("altup_proj.weight", (2, ROWS, 256)), ("per_layer_model_proj.weight", (ROWS, 256))],
    *[("position_embd.weight", (ROWS, 256)), ("token_types.weight", (ROWS, 256)), ("blk.0.laurel_l.weight", (ROWS, 256))],
    *[("blk.0.attn_rel_b.weight", (ROWS, 256)), ("blk.0.ssm_conv1d.weight", (ROWS, 256)), ("blk.0.shortconv.conv.weight", (ROWS, 256))],
    *[("blk.0.time_mix_w1.weight", (ROWS, 256)), ("blk.0.time_mix_key.weight", (ROWS, 256)), ("blk.0.attn_q_norm.weight", (ROWS, 256))],
    *[("blk.0.attn_kv_b.weight", (ROWS, 256)), ("blk.0.one_column.weight", (ROWS, 1)), ("blk.0.one_row.weight", (1, 256))],
    *[("blk.0.ffn_up.bias", (ROWS, 256)), ("blk.0.inp_gate.weight", (ROWS, 256)), ("blk.0.proj.weight", (ROWS, 320))],
]

# Names of mixtures of experts: stacks with and without a gate, fused, beside an expert that all tokens take, and what stands around them.
STACKS = [("ffn_gate_inp.weight", (5, 256)), ("exp_probs_b.bias", (5,)), ("ffn_gate_inp_shexp.weight", (256,))]
STACKS += [(f"ffn_{x}_exps.weight", (5, ROWS, 256)) for x in ("gate_up", "gate", "up", "down")]
STACKS += [(f"ffn_{x}_exps.bias", (5, 256)) for x in ("gate", "up", "down")] + [("ffn_down_exps.scale", (5,))]
STACKS += [(f"ffn_{x}.weight", (ROWS, 256)) for x in ("gate_shexp", "up_shexp", "down_shexp", "latent_down", "latent_up")]


def mixture(n):
    tensors = [("token_embd.weight", (ROWS, 256)), ("output.weight", (ROWS, 256))]
    return tensors + [(f"blk.{i}.{name}", shape) for i in range(n) for name, shape in [("attn_v.weight", (ROWS, 256)), *(STACKS if i % 2 else [])]]


# name: family, layers, heads, heads of keys and values, experts, tensors
MODELS = {
    "llama": ("llama", 9, 8, 8, 0, layers(9)),
    "llama of 16 layers, four heads share one": ("llama", 16, 8, 2, 0, layers(16, tied=False)),
    "llama of 32 layers, two heads share one": ("llama", 32, 8, 4, 0, layers(32, only="ffn_down") + layers(32, only="attn_v.w")[2:]),
    "llama of 80 layers": ("llama", 80, 8, 2, 0, layers(80, only="attn_v.w")),
    "llama of 80 layers, heads on their own": ("llama", 80, 8, 8, 0, layers(80, only="attn_v.w")),
    "qwen2 of 80 layers": ("qwen2", 80, 8, 8, 0, layers(80, only="attn_v.w")),
    "llama with rows of 288 and 544": ("llama", 6, 9, 3, 0, layers(6, dim=288, ffn=544)),
    "llama with rows of 100 and 256": ("llama", 6, 4, 4, 0, layers(6, dim=100, ffn=256, tied=False)),
    "eight experts": ("llama", 9, 8, 2, 8, layers(9, experts=8, tied=False)),
    "four experts": ("llama", 9, 8, 2, 4, layers(9, experts=4)),
    "phi3, fused": ("phi3", 12, 8, 2, 0, layers(12, fused=True)),
    "gpt-oss": ("gpt-oss", 8, 8, 2, 5, mixture(8)),
    "qwen35moe": ("qwen35moe", 8, 8, 2, 5, mixture(8)),
    "nemotron_h_moe": ("nemotron_h_moe", 8, 8, 2, 5, mixture(8)),
    "odd tensors": ("llama", 2, 8, 8, 0, layers(2) + ODD),
}


SSM = {"ssm.conv_kernel": 4, "ssm.inner_size": 64, "ssm.state_size": 16, "ssm.time_step_rank": 4, "ssm.group_count": 2}
# Keys without which llama.cpp reads no file of a family.
KEYS = {
    "gpt-oss": {"expert_feed_forward_length": 256, "attention.sliding_window": 16},
    "qwen35moe": {**SSM, "rope.dimension_sections": [2, 1, 1, 0]},
    "nemotron_h_moe": {**SSM, "attention.layer_norm_epsilon": 1e-5},
}


def write(path, family, n_layers, heads, kv_heads, experts, tensors):
    dim = tensors[0][1][-1]
    writer = gguf.GGUFWriter(path, family)
    writer.add_block_count(n_layers)
    writer.add_context_length(128)
    writer.add_embedding_length(dim)
    writer.add_feed_forward_length(512)
    writer.add_head_count(heads)
    writer.add_head_count_kv(kv_heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(dim // heads)
    if experts:
        writer.add_expert_count(experts)
        writer.add_expert_used_count(2)
    add = {int: writer.add_uint32, float: writer.add_float32, list: writer.add_array}
    for key, value in KEYS.get(family, {}).items():
        add[type(value)](f"{family}.{key}", value)
    for i, (name, shape) in enumerate(tensors):
        writer.add_tensor(name, np.random.default_rng(i).normal(0, 0.02, shape).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def load(folder):
    one = lambda pattern: glob.glob(f"{folder}/{pattern}")[0]
    c.CDLL(one("libggml.*so*"), mode=c.RTLD_GLOBAL)
    lib = c.CDLL(one("libllama.*so*"))
    lib.llama_model_quantize_default_params.restype = Params
    lib.llama_model_quantize.argtypes = [c.c_char_p, c.c_char_p, c.POINTER(Params)]
    lib.llama_model_quantize.restype = c.c_uint32
    quiet = c.CFUNCTYPE(None, c.c_int, c.c_char_p, c.c_void_p)(lambda *_: None)
    lib.llama_log_set(quiet, None)
    return lib, quiet


def ones(tensors):
    """An importance matrix in which all columns are equal."""
    matrices = [(name, np.ones(int(np.prod(shape) // shape[-2]), np.float32)) for name, shape in tensors if len(shape) > 1]
    entries = (Entry * (len(matrices) + 1))()
    for entry, (name, columns) in zip(entries, matrices):
        entry.name, entry.data, entry.size = name.encode(), columns.ctypes.data, columns.size
    return entries, matrices


def types_of(lib, source, out, file_type, way, tensors):
    params = lib.llama_model_quantize_default_params()
    params.threads, params.file_type, params.pure = 1, file_type, way == "pure"
    entries, kept = ones(tensors)
    params.imatrix = c.cast(entries, c.c_void_p) if way == "weighted" else None
    if lib.llama_model_quantize(source.encode(), out.encode(), c.byref(params)) != 0:
        return None
    types = {tensor.name: tensor.tensor_type.name.lower() for tensor in gguf.GGUFReader(out).tensors}
    return [types[name] for name, _ in tensors]


def main():
    lib, quiet = load(sys.argv[1])
    letters, models = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        source, out = f"{folder}/model.gguf", f"{folder}/out.gguf"
        for name, facts in MODELS.items():
            family, n_layers, heads, kv_heads, experts, tensors = facts
            write(source, *facts)
            mixes = {}
            for mix, file_type in FILE_TYPES.items():
                each = [types_of(lib, source, out, file_type, way, tensors) for way in WAYS]
                for types in each:
                    for one in types or []:
                        letters.setdefault(one, chr(ord("a") + len(letters)))
                mixes[mix] = [types and "".join(letters[one] for one in types) for types in each]
            keys = {"block_count": n_layers, "attention.head_count": heads, "attention.head_count_kv": kv_heads, "expert_count": experts}
            models[name] = {"family": family, "keys": keys, "tensors": tensors, "mixes": mixes}
            print(name)
    engines = ["llama.cpp v0.5.0 of @node-llama-cpp/linux-x64 3.22.1", f"gguf (Python) {importlib.metadata.version('gguf')}"]
    goldens = {"made_by": "scripts/mix_goldens.py", "engines": engines, "ways": WAYS}
    goldens |= {"letters": {letter: one for one, letter in letters.items()}, "models": models}
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(goldens, separators=(",", ":")) + "\n")


main()
