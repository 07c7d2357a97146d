"""Plans of queries."""

from collections.abc import Iterator


class Plan:
    """What a statement did to the log, or to another table."""

    def __init__(self, root: dict, table: str = "events") -> None:
        self.scans = [node for node in _nodes(root) if str(node.get("Relation Name", "")).startswith(table)]
        self.used = [node for node in self.scans if node["Actual Loops"]]

    @property
    def partitions(self) -> set[str]:
        return {node["Relation Name"] for node in self.used}

    @property
    def rows(self) -> float:
        """Rows of the log that were looked at, passed over or not."""
        removed = "Rows Removed by Filter"
        return sum((node["Actual Rows"] + node.get(removed, 0)) * node["Actual Loops"] for node in self.used)

    def assert_by_key(self) -> None:
        for node in self.used:
            assert node["Node Type"] in {"Index Scan", "Bitmap Heap Scan"}, node["Node Type"]
            condition = node.get("Index Cond") or node["Recheck Cond"]
            assert "job_id = " in condition, condition


def _nodes(node: dict) -> Iterator[dict]:
    yield node
    for inner in node.get("Plans", ()):
        yield from _nodes(inner)
