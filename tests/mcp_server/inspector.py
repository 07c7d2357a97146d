"""`python -m tests.mcp_server.inspector` installs the MCP inspector, if it can."""

from pathlib import Path

from tests.node_package import NodePackage

INSPECTOR = NodePackage(Path(__file__).parent, "inspector")
PROGRAM = INSPECTOR.place / "node_modules" / ".bin" / "mcp-inspector"

if __name__ == "__main__":
    INSPECTOR.install()
