"""`python -m tests.model`: explore every design, and tell how each variant fails."""

from tests.model.explore import Explored, explore
from tests.model.variants import AS_BUILT, VARIANTS


def main() -> None:
    for name, (design, first) in AS_BUILT.items():
        tell(f"as built, {name}", explore(design, first))
    for variant in VARIANTS:
        tell(variant.name, explore(variant.design))


def tell(name: str, found: Explored) -> None:
    lines = [f"{name}: {found.states:,} states, {found.steps:,} steps"]
    for promise, trace in found.broken.items():
        lines += [f"  {promise}", *(f"    {label}" for label in trace)]
    print("\n".join(lines), end="\n\n")  # noqa: T201 - a program that prints


if __name__ == "__main__":
    main()
