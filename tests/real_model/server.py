"""Serve one GGUF file with llama.cpp's own server: `python server.py FILE PORT`.

Runs in an environment of its own, which holds xllamacpp and nothing of the product.
"""

import sys
import threading

import xllamacpp  # type: ignore[import-not-found]

CONTEXT = 8192  # tokens, what SmolLM2 was trained with


def serve(path: str, port: int) -> None:
    params = xllamacpp.CommonParams()
    params.model.path = path
    params.port = port
    params.n_ctx = CONTEXT
    params.n_parallel = 1
    params.cpuparams.n_threads = 1  # several wait for each other where others use the cores
    server = xllamacpp.Server(params)
    sys.stdout.write(f"{server.listening_address}\n")
    threading.Event().wait()


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
