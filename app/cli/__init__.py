"""The commands of the terminal.

Some are for those who run Dossier, some for those who ask it.
"""

import sys

# Where click, pygments and rich are installed, httpx also loads a command line of its own: a third of what a
# command takes to start. None keeps a module from being found, and httpx does without it.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
