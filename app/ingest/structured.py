"""Read data and notebooks: .json, .jsonl, .ipynb."""

import json
from collections.abc import Iterator
from typing import Any

from app.errors import BadDocument
from app.text.charset import decode
from app.text.formats import CODE_FENCE, MAX_TEXT, Extract, from_markdown

TITLE_FIELDS = ("title", "name", "headline", "subject")
MAX_DEPTH = 100  # levels of data that are shown


def from_json(body: bytes) -> Extract:
    """Read data as lines of a path and its value."""
    value = _parsed(decode(body), "It")
    return Extract(_title(value), bounded(_lines(value, "")))


def from_jsonl(body: bytes) -> Extract:
    """Read a value from each line, parted by blank lines."""
    lines = decode(body).splitlines()
    values = (_parsed(line, f"Line {number}") for number, line in enumerate(lines, 1) if line.strip())
    return Extract("", bounded(line for value in values for line in (*_lines(value, ""), "")))


def _parsed(text: str, what: str) -> Any:  # noqa: ANN401 - any JSON
    try:
        return json.loads(text)
    except RecursionError:
        raise BadDocument(f"{what} is nested too deeply: flatten it.") from None
    except ValueError as error:
        raise BadDocument(f"{what} is not valid JSON ({error}): save it again.") from None


def _title(value: Any) -> str:  # noqa: ANN401 - any JSON
    if not isinstance(value, dict):
        return ""
    return next((value[name] for name in TITLE_FIELDS if isinstance(value.get(name), str)), "")


def _lines(value: Any, path: str, depth: int = 0) -> Iterator[str]:  # noqa: ANN401 - any JSON
    """Yield `path: value` for each value that holds no other."""
    if depth > MAX_DEPTH:
        raise BadDocument(f"It has more than {MAX_DEPTH} levels: flatten it.")
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _lines(inner, f"{path}.{name}" if path else name, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            yield from _lines(inner, path, depth + 1)
    elif value is not None and value != "":
        said = value if isinstance(value, str) else json.dumps(value)
        yield f"{path}: {said}" if path else said


def bounded(lines: Iterator[str]) -> str:
    """Join lines. Raises BadDocument where they are more than a document holds."""
    kept, size = list[str](), 0
    for line in lines:
        size += len(line) + 1
        if size > MAX_TEXT:
            raise BadDocument(f"It has more than {MAX_TEXT:,} characters: split it.")
        kept.append(line)
    return "\n".join(kept)


def from_notebook(body: bytes) -> Extract:
    """Read a Jupyter notebook: its texts, its code, and what that printed."""
    notebook = _parsed(decode(body), "It")
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        raise BadDocument("It has no cells: save it as a notebook of version 4.")
    cells = [cell for cell in notebook["cells"] if isinstance(cell, dict)]
    texts = [_joined(cell.get("source")) for cell in cells if cell.get("cell_type") == "markdown"]
    title = from_markdown("\n\n".join(texts[:1]).encode("utf-8", "replace")).title
    return Extract(title, bounded(block for cell in cells for block in _cell(cell)))


def _cell(cell: dict[str, Any]) -> Iterator[str]:
    source = _joined(cell.get("source"))
    if cell.get("cell_type") == "code":
        yield f"{CODE_FENCE}\n{source.rstrip()}\n{CODE_FENCE}\n"
        outputs = cell.get("outputs")
        for output in outputs if isinstance(outputs, list) else ():
            if said := _printed(output):
                yield f"{CODE_FENCE}\n{said.rstrip()}\n{CODE_FENCE}\n"
    elif cell.get("cell_type") == "markdown":
        yield from_markdown(source.encode("utf-8", "replace")).text
    else:
        yield source + "\n"


def _printed(output: Any) -> str:  # noqa: ANN401 - any JSON
    if not isinstance(output, dict):
        return ""
    data = output.get("data")
    return _joined(output.get("text")) or _joined(data.get("text/plain") if isinstance(data, dict) else None)


def _joined(source: Any) -> str:  # noqa: ANN401 - any JSON
    """Return a source, which is a text or a list of lines."""
    lines = source if isinstance(source, list) else [source]
    return "".join(line for line in lines if isinstance(line, str))
