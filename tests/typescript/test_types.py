"""The committed types are those of this server."""

import pytest

from tests.generated.install import without_typescript
from tests.generated.typescript import PACKAGE, generated


@pytest.mark.skipif(bool(without_typescript()), reason=without_typescript() or "")
def test_the_committed_types_are_those_of_the_server():
    now = generated()
    committed = {name: (PACKAGE / "src" / name).read_text() for name in now}

    assert committed == now, "Write them again: make types"
