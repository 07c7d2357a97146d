"""`python -m tests.openai_api.node_client` installs OpenAI's client for Node, if it can."""

from pathlib import Path

from tests.node_package import NodePackage

NODE_OPENAI = NodePackage(Path(__file__).parent, "openai")

if __name__ == "__main__":
    NODE_OPENAI.install()
