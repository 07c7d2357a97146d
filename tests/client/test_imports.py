"""What `import dossier` loads, and what it offers."""

import subprocess
import sys

import pytest

import dossier


def modules_after(statement):
    code = f"{statement}\nimport sys\nprint(*sys.modules)"
    return subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout.split()


def test_the_shapes_and_the_command_line_load_no_http_client():
    assert "httpx" not in modules_after("import app.cli.root, dossier.job_types")


def test_a_client_is_loaded_with_its_name():
    assert "httpx" in modules_after("from dossier import Dossier")


def test_every_name_is_there():
    for name in dossier.__all__:
        assert getattr(dossier, name) is not None
    assert set(dossier.__all__) <= set(dir(dossier))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Dosier'"):
        _ = dossier.Dosier
