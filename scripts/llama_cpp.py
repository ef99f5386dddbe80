"""Asks llama.cpp itself: a bridge to its shared libraries, with Python's standard library alone.

    python3 llama_cpp.py LIBRARIES MODEL.gguf [--variant haswell] [--ctx 512] [--kv f16] [--flash auto] [--threads 1]

LIBRARIES is the folder with libllama and libggml, for instance the one in the npm package @node-llama-cpp/linux-x64.
Requests come on stdin, one JSON object a line, and each gets one line of JSON back:

    {"op": "info"}                                     what was loaded: vocabulary size, BOS, chat template, CPU features
    {"op": "tokenize", "text": "...", "addSpecial": true, "parseSpecial": false}
    {"op": "logits", "tokens": [...], "from": 0, "file": "out.f32"}   f32 rows [nTokens - from, nVocab] of one decode
    {"op": "greedy", "tokens": [...], "n": 64}         argmax decoding: ids, text, gap between the two best logits
    {"op": "embeddings", "tokens": [...], "file": "out.f32"}   f32 rows of one decode: one for each token, or what pooling leaves
    {"op": "adapt", "loras": [["a.gguf", 0.5], ...], "vector": {"file": "v.f32", "nCols": 64, "first": 1, "last": 3}}   what is on from here on;
                                                       v.f32 holds a row for each layer from 1 on, or "vector" is null
    {"op": "requantize", "source": "a.gguf", "file": "b.gguf", "fileType": 0}   llama-quantize; file type 0 is all f32
"""

import argparse
import ctypes as c
import glob
import json
import os
import sys


class Params(c.Structure):
    """A parameter struct known by its size and the few offsets used here; everything else keeps llama.cpp's default."""

    def put(self, offset, value, kind=c.c_int32):
        kind.from_address(c.addressof(self) + offset).value = value

    def get(self, offset):
        return c.c_int32.from_address(c.addressof(self) + offset).value


class ModelParams(Params):
    _fields_ = [("words", c.c_uint64 * 10)]


class ContextParams(Params):
    # llama.cpp v0.5.0, from disassembling llama_context_default_params
    _fields_ = [("words", c.c_uint64 * 20)]
    CTX, BATCH, UBATCH, THREADS, THREADS_BATCH, FLASH, TYPE_K, TYPE_V = 0, 4, 8, 28, 32, 52, 104, 108
    DEFAULTS = {THREADS: 4, THREADS_BATCH: 4, FLASH: -1, TYPE_K: 1, TYPE_V: 1}


class QuantizeParams(Params):
    _fields_ = [("words", c.c_uint64 * 8)]
    THREADS, FILE_TYPE, ALLOW_REQUANTIZE = 0, 4, 16


class Batch(c.Structure):
    _fields_ = [
        ("n_tokens", c.c_int32),
        ("token", c.POINTER(c.c_int32)),
        ("embd", c.c_void_p),
        ("pos", c.POINTER(c.c_int32)),
        ("n_seq_id", c.POINTER(c.c_int32)),
        ("seq_id", c.POINTER(c.POINTER(c.c_int32))),
        ("logits", c.POINTER(c.c_int8)),
    ]


SIGNATURES = {
    "llama_log_set": (None, [c.c_void_p, c.c_void_p]),
    "llama_model_default_params": (ModelParams, []),
    "llama_context_default_params": (ContextParams, []),
    "llama_model_load_from_file": (c.c_void_p, [c.c_char_p, ModelParams]),
    "llama_init_from_model": (c.c_void_p, [c.c_void_p, ContextParams]),
    "llama_model_get_vocab": (c.c_void_p, [c.c_void_p]),
    "llama_model_chat_template": (c.c_char_p, [c.c_void_p, c.c_char_p]),
    "llama_vocab_n_tokens": (c.c_int32, [c.c_void_p]),
    "llama_vocab_get_add_bos": (c.c_bool, [c.c_void_p]),
    "llama_vocab_bos": (c.c_int32, [c.c_void_p]),
    "llama_vocab_is_eog": (c.c_bool, [c.c_void_p, c.c_int32]),
    "llama_tokenize": (c.c_int32, [c.c_void_p, c.c_char_p, c.c_int32, c.c_void_p, c.c_int32, c.c_bool, c.c_bool]),
    "llama_token_to_piece": (c.c_int32, [c.c_void_p, c.c_int32, c.c_char_p, c.c_int32, c.c_int32, c.c_bool]),
    "llama_get_memory": (c.c_void_p, [c.c_void_p]),
    "llama_memory_clear": (None, [c.c_void_p, c.c_bool]),
    "llama_batch_init": (Batch, [c.c_int32, c.c_int32, c.c_int32]),
    "llama_decode": (c.c_int32, [c.c_void_p, Batch]),
    "llama_get_logits_ith": (c.POINTER(c.c_float), [c.c_void_p, c.c_int32]),
    "llama_model_n_embd_out": (c.c_int32, [c.c_void_p]),
    "llama_pooling_type": (c.c_int32, [c.c_void_p]),
    "llama_model_n_cls_out": (c.c_uint32, [c.c_void_p]),
    "llama_set_embeddings": (None, [c.c_void_p, c.c_bool]),
    "llama_get_embeddings_ith": (c.POINTER(c.c_float), [c.c_void_p, c.c_int32]),
    "llama_get_embeddings_seq": (c.POINTER(c.c_float), [c.c_void_p, c.c_int32]),
    "llama_model_quantize_default_params": (QuantizeParams, []),
    "llama_model_quantize": (c.c_uint32, [c.c_char_p, c.c_char_p, c.POINTER(QuantizeParams)]),
    "llama_adapter_lora_init": (c.c_void_p, [c.c_void_p, c.c_char_p]),
    "llama_set_adapters_lora": (c.c_int32, [c.c_void_p, c.POINTER(c.c_void_p), c.c_size_t, c.POINTER(c.c_float)]),
    "llama_set_adapter_cvec": (c.c_int32, [c.c_void_p, c.c_char_p, c.c_size_t, c.c_int32, c.c_int32, c.c_int32]),
    "llama_print_system_info": (c.c_char_p, []),
}
KV_TYPES = {"f32": 0, "f16": 1}
FLASH_MODES = {"auto": -1, "off": 0, "on": 1}


def load_libraries(folder, variant):
    """Loads llama.cpp and its CPU backend: the best of the folder for this machine, or the one named."""
    one = lambda pattern: glob.glob(os.path.join(folder, pattern))[0]
    ggml = c.CDLL(one("libggml.*so*"), mode=c.RTLD_GLOBAL)
    lib = c.CDLL(one("libllama.*so*"), mode=c.RTLD_GLOBAL)
    for name, (result, arguments) in SIGNATURES.items():
        function = getattr(lib, name)
        function.restype, function.argtypes = result, arguments
    if variant:
        ggml.ggml_backend_load.restype, ggml.ggml_backend_load.argtypes = c.c_void_p, [c.c_char_p]
        if not ggml.ggml_backend_load(os.path.join(folder, f"libggml-cpu-{variant}.so").encode()):
            sys.exit(f"the CPU variant {variant} does not load on this machine")
    else:
        ggml.ggml_backend_load_all_from_path.argtypes = [c.c_char_p]
        ggml.ggml_backend_load_all_from_path(folder.encode())
    return lib


def loaded_variant():
    """The CPU backend that is really in memory, by file name."""
    with open("/proc/self/maps") as maps:
        found = {line.split("libggml-cpu-")[1].split(".so")[0] for line in maps if "libggml-cpu-" in line}
    return "+".join(sorted(found))


class Engine:
    def __init__(self, args):
        self.lib = lib = load_libraries(args.libraries, args.variant)
        self.quiet = c.CFUNCTYPE(None, c.c_int, c.c_char_p, c.c_void_p)(
            lambda level, text, _: sys.stderr.write(text.decode(errors="replace")) if level in (3, 4) else None
        )
        lib.llama_log_set(c.cast(self.quiet, c.c_void_p), None)
        model = lib.llama_model_load_from_file(args.model.encode(), lib.llama_model_default_params())
        if not model:
            sys.exit(f"llama.cpp does not load {args.model}")
        params = lib.llama_context_default_params()
        for offset, expected in ContextParams.DEFAULTS.items():
            if params.get(offset) != expected:
                sys.exit(f"llama_context_params has {params.get(offset)} at byte {offset}, expected {expected}: other version?")
        for offset in (params.CTX, params.BATCH, params.UBATCH):
            params.put(offset, args.ctx)
        for offset in (params.THREADS, params.THREADS_BATCH):
            params.put(offset, args.threads)
        for offset in (params.TYPE_K, params.TYPE_V):
            params.put(offset, KV_TYPES[args.kv])
        params.put(params.FLASH, FLASH_MODES[args.flash])
        self.context = lib.llama_init_from_model(model, params)
        self.model, self.vocab = model, lib.llama_model_get_vocab(model)
        self.n_vocab = lib.llama_vocab_n_tokens(self.vocab)
        self.batch = lib.llama_batch_init(args.ctx, 0, 1)

    def info(self):
        template = self.lib.llama_model_chat_template(self.model, None)
        return {
            "nVocab": self.n_vocab,
            "addBos": self.lib.llama_vocab_get_add_bos(self.vocab),
            "bos": self.lib.llama_vocab_bos(self.vocab),
            "chatTemplate": template.decode() if template else None,
            "variant": loaded_variant(),
            "systemInfo": self.lib.llama_print_system_info().decode(),
        }

    def tokenize(self, text, addSpecial=True, parseSpecial=False):
        raw = text.encode()
        room = len(raw) + 8
        tokens = (c.c_int32 * room)()
        n = self.lib.llama_tokenize(self.vocab, raw, len(raw), tokens, room, addSpecial, parseSpecial)
        return {"tokens": list(tokens[:n])}

    def decode(self, tokens, pos, first_row):
        """Feeds tokens at positions pos.., asking for the logits of rows first_row and later."""
        batch = self.batch
        batch.n_tokens = len(tokens)
        for i, token in enumerate(tokens):
            batch.token[i], batch.pos[i], batch.n_seq_id[i] = token, pos + i, 1
            batch.seq_id[i][0], batch.logits[i] = 0, i >= first_row
        status = self.lib.llama_decode(self.context, batch)
        if status != 0:
            sys.exit(f"llama_decode answered {status}")

    def clear(self):
        memory = self.lib.llama_get_memory(self.context)
        if memory:  # encoders have none
            self.lib.llama_memory_clear(memory, True)

    def logits(self, tokens, file, **options):
        first_row = options.get("from", 0)
        self.clear()
        self.decode(tokens, 0, first_row)
        with open(file, "wb") as out:
            for i in range(first_row, len(tokens)):
                out.write(c.string_at(self.lib.llama_get_logits_ith(self.context, i), 4 * self.n_vocab))
        return {"rows": len(tokens) - first_row, "nVocab": self.n_vocab}

    def adapt(self, loras, vector):
        adapters = [self.lib.llama_adapter_lora_init(self.model, file.encode()) for file, _ in loras]
        if None in adapters:
            sys.exit(f"llama.cpp does not load {loras[adapters.index(None)][0]}")
        n = len(loras)
        scales = (c.c_float * n)(*[scale for _, scale in loras])
        status = self.lib.llama_set_adapters_lora(self.context, (c.c_void_p * n)(*adapters), n, scales)
        if vector:
            with open(vector["file"], "rb") as rows:
                data = rows.read()
            status = status or self.lib.llama_set_adapter_cvec(
                self.context, data, len(data) // 4, vector["nCols"], vector["first"], vector["last"]
            )
        if status != 0:
            sys.exit(f"llama.cpp does not take the adapters: {status}")
        return {"n": n}

    def embeddings(self, tokens, file):
        self.lib.llama_set_embeddings(self.context, True)
        self.clear()
        self.decode(tokens, 0, 0)
        n_cols, lib, context = self.lib.llama_model_n_embd_out(self.model), self.lib, self.context
        pooled = lib.llama_pooling_type(context) != 0
        if lib.llama_pooling_type(context) == 4:  # a ranking head's scores
            n_cols = lib.llama_model_n_cls_out(self.model)
        rows = [lib.llama_get_embeddings_seq(context, 0)] if pooled else [lib.llama_get_embeddings_ith(context, i) for i in range(len(tokens))]
        with open(file, "wb") as out:
            for row in rows:
                out.write(c.string_at(row, 4 * n_cols))
        return {"rows": len(rows), "nCols": n_cols}

    def greedy(self, tokens, n):
        """Ends after n tokens or before the first end-of-generation token; gaps has a row for that token too."""
        self.clear()
        self.decode(tokens, 0, len(tokens) - 1)
        row, pos, made, gaps, text = len(tokens) - 1, len(tokens), [], [], b""
        piece = c.create_string_buffer(256)
        while len(made) < n:
            scores = self.lib.llama_get_logits_ith(self.context, row)[: self.n_vocab]
            best = max(scores)
            token = scores.index(best)
            scores[token] = -float("inf")
            gaps.append(best - max(scores))
            if self.lib.llama_vocab_is_eog(self.vocab, token):
                return {"tokens": made, "gaps": gaps, "text": text.decode(errors="replace"), "stop": "eog", "eog": token}
            made.append(token)
            n_bytes = self.lib.llama_token_to_piece(self.vocab, token, piece, 256, 0, False)
            text += piece.raw[:n_bytes]
            self.decode([token], pos, 0)
            row, pos = 0, pos + 1
        return {"tokens": made, "gaps": gaps, "text": text.decode(errors="replace"), "stop": "length"}

    def requantize(self, source, file, fileType):
        params = self.lib.llama_model_quantize_default_params()
        params.put(params.THREADS, 1)
        params.put(params.FILE_TYPE, fileType)
        params.put(params.ALLOW_REQUANTIZE, True, c.c_bool)
        status = self.lib.llama_model_quantize(source.encode(), file.encode(), params)
        if status != 0:
            sys.exit(f"llama_model_quantize answered {status}")
        return {"bytes": os.path.getsize(file)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("libraries")
    parser.add_argument("model")
    parser.add_argument("--variant")
    parser.add_argument("--ctx", type=int, default=512)
    parser.add_argument("--kv", choices=KV_TYPES, default="f16")
    parser.add_argument("--flash", choices=FLASH_MODES, default="auto")
    parser.add_argument("--threads", type=int, default=1)
    engine = Engine(parser.parse_args())
    for line in sys.stdin:
        request = json.loads(line)
        answer = getattr(engine, request.pop("op"))(**request)
        print(json.dumps(answer), flush=True)


main()
