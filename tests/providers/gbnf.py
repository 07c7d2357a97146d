"""Read schemas and texts, and print what llama.cpp accepts, as JSON.

    python -m tests.providers.gbnf

Its own converter makes the grammars (GBNF), and its own sampler walks them. A text that does not fit ends the
process, so each is tried in a fork. The model is ours: a byte is a token, and the weights are zero.
"""

import json
import os
import struct
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

WIDTH = 32  # of the model, which computes nothing
BYTES = 3  # the token of byte 0; unknown, begin and end come before
END = 2  # the token at the end of a reply
U32, I32, F32, STRING, ARRAY = 4, 5, 6, 8, 9  # kinds of GGUF
NORMAL, CONTROL, BYTE = 1, 3, 6  # kinds of tokens
ALIGNED = 32

TOKENS = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
ABOUT: dict[str, tuple[int, object]] = {
    "general.architecture": (STRING, "llama"),
    "llama.context_length": (U32, WIDTH),
    "llama.embedding_length": (U32, WIDTH),
    "llama.block_count": (U32, 1),
    "llama.feed_forward_length": (U32, WIDTH),
    "llama.attention.head_count": (U32, 1),
    "llama.attention.layer_norm_rms_epsilon": (F32, 1e-5),
    "tokenizer.ggml.model": (STRING, "llama"),
    "tokenizer.ggml.tokens": (ARRAY, (STRING, TOKENS)),
    "tokenizer.ggml.scores": (ARRAY, (F32, [0.0] * len(TOKENS))),
    "tokenizer.ggml.token_type": (ARRAY, (I32, [NORMAL, CONTROL, CONTROL] + [BYTE] * 256)),
    "tokenizer.ggml.eos_token_id": (U32, END),
}
TENSORS = {
    "token_embd.weight": (WIDTH, len(TOKENS)),
    "output_norm.weight": (WIDTH,),
    **{f"blk.0.{name}_norm.weight": (WIDTH,) for name in ("attn", "ffn")},
    **{f"blk.0.attn_{name}.weight": (WIDTH, WIDTH) for name in ("q", "k", "v", "output")},
    **{f"blk.0.ffn_{name}.weight": (WIDTH, WIDTH) for name in ("gate", "up", "down")},
}


def packed(kind: int, value: object) -> bytes:
    """A value as GGUF writes it."""
    if kind == STRING:
        text = str(value).encode()
        return struct.pack("<Q", len(text)) + text
    if kind == ARRAY:
        inner, items = value  # type: ignore[misc]
        return struct.pack("<IQ", inner, len(items)) + b"".join(packed(inner, item) for item in items)
    return struct.pack({U32: "<I", I32: "<i", F32: "<f"}[kind], value)


def parts() -> Iterator[bytes]:
    """The file of the model, piece by piece, without its weights."""
    yield b"GGUF" + struct.pack("<IQQ", 3, len(TENSORS), len(ABOUT))
    for name, (kind, value) in ABOUT.items():
        yield packed(STRING, name) + struct.pack("<I", kind) + packed(kind, value)
    offset = 0
    for name, shape in TENSORS.items():
        yield packed(STRING, name) + struct.pack(f"<I{len(shape)}Q", len(shape), *shape)
        yield struct.pack("<IQ", 0, offset)
        offset += size(shape)


def size(shape: tuple[int, ...]) -> int:
    """Return a float tensor's bytes, up to where the next begins."""
    count = 4
    for side in shape:
        count *= side
    return -(-count // ALIGNED) * ALIGNED


def model_file() -> bytes:
    """The whole file of the model."""
    head = b"".join(parts())
    weights = sum(map(size, TENSORS.values()))
    return head + bytes(-len(head) % ALIGNED) + bytes(weights)


def taken(llama, model, grammar: str, text: str) -> bool:
    """Say whether the grammar accepts every byte and then the end."""
    if child := os.fork():
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    sampler = llama.LlamaSampler(llama.LlamaSamplerChainParams())
    sampler.add_grammar(model.get_vocab(), grammar, "root")
    for token in (*(BYTES + byte for byte in text.encode()), END):
        sampler.accept(token)
    os._exit(0)


def main() -> None:
    """Answer each schema's texts with whether they are taken."""
    from cyllama.llama import llama_cpp as llama

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bytes.gguf"
        path.write_bytes(model_file())
        model = llama.LlamaModel(str(path), llama.LlamaModelParams())
    answers = []
    for schema, texts in json.load(sys.stdin):
        grammar = llama.json_schema_to_grammar(json.dumps(schema))
        answers.append([taken(llama, model, grammar, text) for text in texts])
    print(json.dumps(answers))  # noqa: T201 - it is a program


if __name__ == "__main__":
    main()
