"""Logits of the tiny models with a sliding window, by transformers' Mistral, for test/fixtures/models/windows.json.

    node scripts/tiny_model_files.mjs DIR llama-window llama-window-odd
    pip install torch transformers gguf
    python scripts/mistral_goldens.py DIR > test/fixtures/models/windows.json

Weights are float32 and so is the arithmetic; attention is the `eager` implementation, which masks what a window hides.
"""

import json
import sys
from pathlib import Path

import torch
import transformers
from gguf import GGUFReader
from transformers import MistralConfig, MistralForCausalLM

PROMPT = [(i * 89 + 37 + (i >> 4)) % 251 for i in range(200)]  # windowPrompt of test/helpers/tiny_models.ts
POSITIONS = [0, 15, 16, 17, 23, 47, 100, 159, 160, 161, 199]
EVERY = 7


def field(reader, key):
    return reader.get_field(key).contents()


def halves(w, n_heads):
    """Rows of each head from neighbours (0,1) (2,3) …, as GGUF has them, to halves (0,half) (1,half+1) …"""
    rows, cols = w.shape
    pairs = w.reshape(n_heads, rows // n_heads // 2, 2, cols)
    return pairs.transpose(1, 2).reshape(rows, cols)


def logits_of(path):
    reader = GGUFReader(path)
    tensors = {t.name: torch.tensor(t.data.copy()) for t in reader.tensors}
    n_heads = field(reader, "llama.attention.head_count")
    n_kv_heads = field(reader, "llama.attention.head_count_kv")
    dim = field(reader, "llama.embedding_length")
    config = MistralConfig(
        vocab_size=tensors["token_embd.weight"].shape[0],
        hidden_size=dim,
        intermediate_size=field(reader, "llama.feed_forward_length"),
        num_hidden_layers=field(reader, "llama.block_count"),
        num_attention_heads=n_heads,
        num_key_value_heads=n_kv_heads,
        head_dim=tensors["blk.0.attn_q.weight"].shape[0] // n_heads,
        rms_norm_eps=field(reader, "llama.attention.layer_norm_rms_epsilon"),
        rope_parameters={"rope_type": "default", "rope_theta": field(reader, "llama.rope.freq_base")},
        sliding_window=field(reader, "llama.attention.sliding_window"),
        max_position_embeddings=256,
        tie_word_embeddings=True,
        attn_implementation="eager",
    )
    names = {"model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight"}
    names["lm_head.weight"] = "token_embd.weight"
    for l in range(config.num_hidden_layers):
        for ours, theirs in {
            "attn_norm": "input_layernorm",
            "attn_q": "self_attn.q_proj",
            "attn_k": "self_attn.k_proj",
            "attn_v": "self_attn.v_proj",
            "attn_output": "self_attn.o_proj",
            "ffn_norm": "post_attention_layernorm",
            "ffn_gate": "mlp.gate_proj",
            "ffn_up": "mlp.up_proj",
            "ffn_down": "mlp.down_proj",
        }.items():
            names[f"model.layers.{l}.{theirs}.weight"] = f"blk.{l}.{ours}.weight"
    state = {theirs: tensors[ours] for theirs, ours in names.items()}
    for name in state:
        if ".q_proj." in name:
            state[name] = halves(state[name], n_heads)
        if ".k_proj." in name:
            state[name] = halves(state[name], n_kv_heads)
    model = MistralForCausalLM(config).float().eval()
    model.load_state_dict(state)
    with torch.no_grad():
        return model(torch.tensor([PROMPT])).logits[0]


def main():
    models = {}
    for path in sorted(Path(sys.argv[1]).glob("*.gguf")):
        logits = logits_of(path)
        models[path.stem] = {
            "best": logits.argmax(-1).tolist(),
            "rows": [[float(f"{x:.7g}") for x in logits[p, ::EVERY].tolist()] for p in POSITIONS],
        }
    engine = f"transformers {transformers.__version__} (MistralForCausalLM, eager), torch {torch.__version__}, float32"
    golden = {"engine": engine, "positions": POSITIONS, "every": EVERY, "models": models}
    print(json.dumps(golden))


main()
