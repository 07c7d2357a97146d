"""Hold what each sign of an answer tells."""

from msgspec import Struct


class Weights(Struct, frozen=True):
    """A logistic regression's weights, and what is enough."""

    of: dict[str, float]
    least: dict[str, float]  # by how a language writes its words


# Fitted by `python -m benchmarks.quality.fitting` on XQuAD's questions about every second article: English,
# German, Spanish, Russian, Arabic and Chinese, each put with its article and without it. The least is what
# refuses 96 % of those without it.
#
# Where the search knows how well documents fit.
SEEN = Weights(
    {
        "score": 7.21,
        "lead": 3.75,
        "fits": 0.4,
        "evidence": 0.01,
        "absent": -1.83,
        "unnamed": -1.75,
        "unnumbered": -1.01,
        "density": 2.65,
        "run": 0.94,
        "page_letters": 1.61,
        "letters": 1.65,
        "unfit": -1.05,
        "names": 1.07,
        "defines": 1.25,
    },
    {"spaced": 5.29, "joined": 5.08, "unspaced": 4.65, "arabic": 4.34, "cyrillic": 4.33},
)
# Where it does not, as on the web.
BLIND = Weights(
    {
        "fits": 0.5,
        "evidence": 1.51,
        "absent": -2.06,
        "unnamed": -1.58,
        "unnumbered": -0.9,
        "density": 2.95,
        "run": 1.38,
        "page_letters": 2.88,
        "letters": 1.51,
        "unfit": -1.01,
        "names": 1.09,
        "defines": 1.37,
    },
    {"spaced": 4.97, "joined": 5.1, "unspaced": 4.59, "arabic": 3.81, "cyrillic": 4.09},
)
