"""Calls to append."""

from app.domain import events as e


def call(n: int) -> e.CallRequested:
    return e.CallRequested(f"{n}/model", "model", "m", "00", "x")
