"""`python -m tests.page.lint` formats, lints and type-checks the JavaScript and the TypeScript.

`--fix` rewrites the files. npm installs the tools that package.json pins beside this Python's own packages.
"""

import subprocess
import sys
from pathlib import Path

from tests.page.install import NODE, TSC, install, missing, say

ROOT = Path(__file__).parents[2]
TOOLS = ("@biomejs/biome", "typescript")


def main() -> int:
    """Run the tools, and return 1 if one found a fault."""
    install(*TOOLS)
    if absent := missing(*TOOLS):
        say(f"The JavaScript is not checked: {', '.join(absent)} cannot be installed without npm.")
        return 0
    write = ["--write"] if "--fix" in sys.argv else ["--error-on-warnings"]
    commands = [
        [NODE / "node_modules/.bin/biome", "check", *write],
        [TSC, "--project", ROOT / "tsconfig.json"],
        [TSC, "--project", ROOT / "clients/typescript", "--noEmit"],
    ]
    codes = [subprocess.run(command, cwd=ROOT, check=False).returncode for command in commands]
    return int(any(codes))


if __name__ == "__main__":
    sys.exit(main())
