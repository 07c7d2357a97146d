"""Read public data sets from the operator's folder.

None of them comes with Dossier.

Each is taken if its files are there, in the layout in which its authors publish it:

    xquad.de.json …            XQuAD: data[].paragraphs[].{context, qas[].question}
    wice/test.jsonl            WiCE: {claim, evidence[], label}; label supported, partially_supported …
    climate-fever.jsonl        CLIMATE-FEVER: {claim, evidences[].{evidence, evidence_label}}
    rgb/en.json, rgb/zh.json   RGB, a JSON object a line: {query, positive[], negative[]}
    cran.all.1400, cran.qry, cranqrel    Cranfield, in SMART's format
    browsecomp-plus.jsonl      BrowseComp-Plus, decrypted: {query, gold_docs[], negative_docs[]}
"""

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from benchmarks.quality.data import Article, Claim, Dataset, Question, Support

LABELS: dict[str, Support] = {
    "supported": "supported",
    "partially_supported": "partly",
    "not_supported": "unsupported",
    "SUPPORTS": "supported",
    "REFUTES": "unsupported",
    "NOT_ENOUGH_INFO": "unsupported",
}
# SMART: each record begins with .I, each field with its letter on a line.
_RECORD = re.compile(r"^\.I\s+(\d+)\s*$", re.MULTILINE)
_FIELD = re.compile(r"^\.([A-Z])\s*$", re.MULTILINE)


def datasets(folder: Path) -> list[Dataset]:
    """All that is in the folder."""
    return [found for read in READERS for found in read(folder)]


def xquad(folder: Path) -> Iterator[Dataset]:
    """Yield a data set for each language, asked in the others too.

    Its files are translations of one another: English ones ask all others, and are asked by them.
    """
    found = {data.name.split()[1]: data for data in _xquad(folder)}
    for language, data in found.items():
        others = [other for other in found if other != language and "en" in (language, other)]
        asked = [question for other in others for question in _asked_across(found[other], other, data)]
        yield replace(data, across=tuple(asked))


def _asked_across(asking: Dataset, language: str, asked: Dataset) -> Iterator[Question]:
    """Yield the questions of one language about articles of another."""
    own = asked.questions[0].language if asked.questions else ""
    for question, same in zip(asking.questions, asked.questions, strict=False):
        yield Question(f"{language} → {own}", question.text, same.relevant)


def _xquad(folder: Path) -> Iterator[Dataset]:
    for path in sorted(folder.glob("xquad.*.json")):
        language = path.name.split(".")[1]
        articles, questions = list[Article](), list[Question]()
        for topic in msgspec.json.decode(path.read_bytes())["data"]:
            title = str(topic.get("title", "")).replace("_", " ")
            for paragraph in topic["paragraphs"]:
                key = f"xquad:{language}/{len(articles):05}"
                articles.append(Article(key, title, paragraph["context"], title))
                questions += [Question(language, one["question"], {key: 1}) for one in paragraph["qas"]]
        yield Dataset(f"XQuAD {language}", tuple(articles), tuple(questions), asks_without=True)


def wice(folder: Path) -> Iterator[Dataset]:
    claims = [
        Claim("WiCE", one["claim"], "\n".join(one["evidence"]), LABELS[one["label"]])
        for one in _lines(folder / "wice" / "test.jsonl")
    ]
    if claims:
        yield Dataset("WiCE", claims=tuple(claims))


def climate_fever(folder: Path) -> Iterator[Dataset]:
    claims = [
        Claim("CLIMATE-FEVER", one["claim"], each["evidence"], LABELS[_name(each["evidence_label"])])
        for one in _lines(folder / "climate-fever.jsonl")
        for each in one["evidences"]
    ]
    if claims:
        yield Dataset("CLIMATE-FEVER", claims=tuple(claims))


def rgb(folder: Path) -> Iterator[Dataset]:
    for path in sorted((folder / "rgb").glob("*.json")):
        rows = (
            (f"rgb:{path.stem}/{at:05}", one["query"], one["positive"], one["negative"])
            for at, one in enumerate(_lines(path))
        )
        yield _of_documents(f"RGB {path.stem}", path.stem, rows)


def browsecomp(folder: Path) -> Iterator[Dataset]:
    rows = [
        (f"browsecomp:{at:05}", one["query"], _texts(one["gold_docs"]), _texts(one["negative_docs"]))
        for at, one in enumerate(_lines(folder / "browsecomp-plus.jsonl"))
    ]
    if rows:
        yield _of_documents("BrowseComp-Plus", "en", rows)


def cranfield(folder: Path) -> Iterator[Dataset]:
    paths = [folder / name for name in ("cran.all.1400", "cran.qry", "cranqrel")]
    if not all(path.exists() for path in paths):
        return
    articles = [
        Article(f"cranfield:{number}", fields.get("T", ""), fields.get("W", "") or fields.get("T", "-"))
        for number, fields in _smart(paths[0].read_text())
    ]
    # The numbers in .I of a query are not those of cranqrel: there a query is known by its place.
    relevant: dict[int, dict[str, int]] = {}
    for line in paths[2].read_text().splitlines():
        query, document, grade = map(int, line.split()[:3])
        relevant.setdefault(query, {})[f"cranfield:{document}"] = max(1, 5 - grade if grade > 0 else 1)
    questions = [
        Question("en", fields["W"], relevant[place])
        for place, (_, fields) in enumerate(_smart(paths[1].read_text()), 1)
        if place in relevant
    ]
    yield Dataset("Cranfield", tuple(articles), tuple(questions))


def _of_documents(name: str, language: str, rows: Iterable[tuple[str, str, list[Any], list[Any]]]) -> Dataset:
    """Return questions with their own documents.

    Some documents answer the question, and some do not.
    """
    articles, questions = dict[str, Article](), list[Question]()
    for key, query, positive, negative in rows:
        good = {f"{key}+{at:05}": _flat(text) for at, text in enumerate(positive)}
        bad = {f"{key}-{at:05}": _flat(text) for at, text in enumerate(negative)}
        articles |= {url: Article(url, "", text) for url, text in (good | bad).items() if text.strip()}
        if relevant := {url: 1 for url in good if url in articles}:
            questions.append(Question(language, query, relevant))
    return Dataset(name, tuple(articles.values()), tuple(questions), asks_without=True)


def _flat(text: str | list[str]) -> str:
    """RGB has lists of texts where a question has several parts."""
    return text if isinstance(text, str) else "\n".join(text)


def _texts(documents: list[Any]) -> list[str]:
    return [one if isinstance(one, str) else one["text"] for one in documents]


def _name(label: str | int) -> str:
    """Some copies have numbers."""
    return label if isinstance(label, str) else ("SUPPORTS", "REFUTES", "NOT_ENOUGH_INFO")[label]


def _lines(path: Path) -> Iterator[Any]:
    if path.exists():
        yield from (msgspec.json.decode(line) for line in path.read_text().splitlines() if line.strip())


def _smart(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    _, *parts = _RECORD.split(text)
    for number, body in zip(parts[::2], parts[1::2], strict=True):
        _, *fields = _FIELD.split(body)
        yield (
            int(number),
            {name: " ".join(value.split()) for name, value in zip(fields[::2], fields[1::2], strict=True)},
        )


READERS: tuple[Callable[[Path], Iterator[Dataset]], ...] = (
    xquad,
    wice,
    climate_fever,
    rgb,
    cranfield,
    browsecomp,
)
