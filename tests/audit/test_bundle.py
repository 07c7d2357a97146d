"""A bundle verifies with the standard library alone.

Whatever is altered in it is named.
"""

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import httpx
import pytest

from app.audit import bundle_verifier
from app.domain.signature import generate, public_key, signer
from tests.audit.conftest import researched
from tests.conftest import FAST, TestHouse, serving
from tests.steps import submitted_job

VERIFIER = Path(bundle_verifier.__file__)
PROGRAM = VERIFIER.read_bytes()

# RFC 8032, section 7.1: public key, message, signature
VECTORS = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]


@pytest.mark.parametrize(("public", "message", "signature"), VECTORS)
def test_signatures_of_the_rfc_hold_and_no_other_bit_does(public, message, signature):
    key, text, signed = bytes.fromhex(public), bytes.fromhex(message), bytes.fromhex(signature)

    assert bundle_verifier.is_signed(key, text, signed)
    for bit in (0, 7, 255, 256, 300, 511):
        flipped = (int.from_bytes(signed, "little") ^ (1 << bit)).to_bytes(64, "little")
        assert not bundle_verifier.is_signed(key, text, flipped)
    assert not bundle_verifier.is_signed(key, text + b"x", signed)
    # s + L is the same number: taking it would let anybody write a second signature.
    s = int.from_bytes(signed[32:], "little") + bundle_verifier.L
    assert not bundle_verifier.is_signed(key, text, signed[:32] + s.to_bytes(32, "little"))


def test_the_verifier_and_the_library_agree():
    for n in range(20):
        secret, public = generate()
        key, text = public_key(public), bytes([n]) * n
        signature = signer(secret).sign(text)
        assert bundle_verifier.is_signed(key, text, signature)
        assert not bundle_verifier.is_signed(key, text + b"!", signature)


@pytest.fixture(scope="module")
async def bundles(postgres_url, template):
    """The bundle of a whole run, signed and not."""
    from uuid import uuid4

    from tests.conftest import execute, with_database

    name = f"dossier_{uuid4().hex[:12]}"
    await execute(postgres_url, f"CREATE DATABASE {name} TEMPLATE {template}")
    house = TestHouse(FAST, with_database(postgres_url, name))
    job_id = await researched(house)
    found = {}
    for signs in (True, False):
        again = TestHouse(FAST, with_database(postgres_url, name))
        again.signer = signer(generate()[0]) if signs else None
        async with serving(again, workers=0) as url, httpx.AsyncClient(base_url=url, timeout=60) as http:
            found[signs] = await http.get(f"/jobs/{job_id}/bundle")
            assert (await http.get(f"/jobs/{job_id}/bundle")).content == found[signs].content
    await execute(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")
    return job_id, found


def parts(body: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(body)) as bundle:
        return {name: bundle.read(name) for name in bundle.namelist()}


def unpacked(folder: Path, files: dict[str, bytes]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text)
    return folder


def run(program: Path, *arguments) -> tuple[int, str]:
    """Run as the recipient of a bundle would: isolated, standard library only."""
    done = subprocess.run(
        [sys.executable, "-I", str(program), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


def checked(folder: Path, files: dict[str, bytes]) -> list[str]:
    """Return the verifier's findings, in this process because there are many."""
    check = bundle_verifier.Check(bundle_verifier.Folder(unpacked(folder, files)))
    assert check.run() == (not check.wrong)
    return check.wrong


async def test_a_bundle_holds_everything_and_passes_by_its_own_program(bundles, tmp_path):
    job_id, found = bundles
    for signs, answer in found.items():
        files = parts(answer.content)
        folder = unpacked(tmp_path / str(signs), files)
        (tmp_path / "x.zip").write_bytes(answer.content)

        code, said = run(folder / "verify.py")

        assert code == 0, said
        assert f"Verified, no changes found: job {job_id}" in said
        assert ("Signed by key" in said) == signs
        assert ("not signed" in said) != signs
        assert run(VERIFIER, tmp_path / "x.zip") == (code, said)
        assert answer.headers["content-disposition"] == f'attachment; filename="dossier-{job_id}.zip"'
        assert files["verify.py"] == PROGRAM
        assert {"report.md", "report.html", "events.ndjson", "claims.json", "head.json", "README.txt"} <= set(
            files
        )
        assert len([name for name in files if name.startswith("pages/")]) == 2


def edited(text: bytes, place: int) -> bytes:
    return text[:place] + bytes([text[place] ^ 1]) + text[place + 1 :]


@pytest.mark.parametrize("signs", [True, False])
async def test_one_byte_of_any_file_is_caught_and_the_file_is_named(bundles, tmp_path, signs):
    files = parts(bundles[1][signs].content)
    for name, text in files.items():
        for n, part in enumerate((0.0, 0.33, 0.5, 0.77, 0.999)):
            touched = {**files, name: edited(text, int(len(text) * part))}

            wrong = checked(tmp_path / name.replace("/", "-") / str(n), touched)

            assert any(name in sentence for sentence in wrong), (name, part, wrong)


@pytest.mark.parametrize("signs", [True, False])
async def test_each_file_that_is_removed_or_added_is_named(bundles, tmp_path, signs):
    files = parts(bundles[1][signs].content)
    for name in files:
        rest = {other: text for other, text in files.items() if other != name}

        wrong = checked(tmp_path / name.replace("/", "-"), rest)

        assert any(name in sentence and "removed" in sentence for sentence in wrong), (name, wrong)
    wrong = checked(tmp_path / "more", {**files, "pages/extra.txt": b"x"})
    assert wrong == ["pages/extra.txt: was added, manifest.json does not list it."]


def relisted(files: dict[str, bytes], **changed: object) -> dict[str, bytes]:
    """Recompute the manifest and head, as someone without the key can."""
    from hashlib import sha256

    listed = {n: sha256(t).hexdigest() for n, t in files.items() if n not in {"manifest.json", "head.json"}}
    manifest = bundle_verifier.canonical({**json.loads(files["manifest.json"]), "files": listed, **changed})
    head = {**json.loads(files["head.json"]), "manifest": sha256(manifest).hexdigest()}
    return {**files, "manifest.json": manifest, "head.json": bundle_verifier.canonical(head)}


EVENTS = {
    "removed": lambda lines: lines[:4] + lines[5:],
    "cut off": lambda lines: lines[:-1],
    "moved": lambda lines: [*lines[:4], lines[5], lines[4], *lines[6:]],
    "doubled": lambda lines: [*lines[:5], lines[4], *lines[5:]],
    "changed": lambda lines: [*lines[:4], lines[4].replace(b'"worker:', b'"w0rker:'), *lines[5:]],
}


@pytest.mark.parametrize("what", EVENTS)
async def test_events_that_were_touched_are_named_by_their_line_though_the_manifest_fits(
    bundles, tmp_path, what
):
    files = parts(bundles[1][False].content)
    lines = files["events.ndjson"].splitlines(keepends=True)
    touched = relisted({**files, "events.ndjson": b"".join(EVENTS[what](lines))})

    wrong = checked(tmp_path, touched)

    assert wrong
    where = "events.ndjson: events were cut off" if what == "cut off" else "events.ndjson line"
    assert any(sentence.startswith(where) for sentence in wrong), wrong


async def test_pages_quotes_claims_and_the_report_are_held_against_the_events(bundles, tmp_path):
    files = parts(bundles[1][False].content)
    page = next(name for name in files if name.startswith("pages/"))
    claims = json.loads(files["claims.json"])
    claims[0]["source"]["found"]["seq"] += 1
    for n, (name, text, said) in enumerate(
        [
            (page, files[page] + b" ", f"{page}: was touched"),
            ("report.md", files["report.md"].replace(b"100", b"101"), "report.md: its text is not"),
            ("claims.json", bundle_verifier.canonical(claims), "claims.json: claim 1 is not"),
            ("claims.json", bundle_verifier.canonical(claims[1:]), "claims.json: has 1 claims"),
        ]
    ):
        wrong = checked(tmp_path / str(n), relisted({**files, name: text}))

        assert any(sentence.startswith(said) for sentence in wrong), (said, wrong)


async def test_whoever_lacks_the_key_cannot_sign_what_was_touched(bundles, tmp_path):
    files = parts(bundles[1][True].content)

    wrong = checked(tmp_path / "a", relisted({**files, "report.html": b"<p>lies</p>"}))
    bare = {**json.loads(files["head.json"]), "signature": None}
    unsigned = checked(tmp_path / "b", {**files, "head.json": bundle_verifier.canonical(bare)})

    assert len(wrong) == 2
    assert "head.json: its signature is not by key" in wrong[0]
    assert wrong[1] == "report.html: its text is not that of report.md."
    assert unsigned == ["head.json: its signature was removed."]


async def test_a_job_that_still_runs_has_a_bundle_that_says_so(house, api, writer, tmp_path):
    job = await submitted_job(writer)

    answer = await api.get(f"/jobs/{job.id}/bundle")
    folder = unpacked(tmp_path, parts(answer.content))
    code, said = run(folder / "verify.py")

    assert code == 0
    assert "There is no report: the job is not completed" in said
    assert "report.md" not in parts(answer.content)


async def test_there_is_no_bundle_of_a_job_that_is_not_there(api):
    answer = await api.get("/jobs/00000000-0000-7000-8000-000000000000/bundle")

    assert (answer.status_code, answer.json()["code"]) == (404, "job_not_found")


def test_what_is_no_bundle_is_said_to_be_none(tmp_path):
    (tmp_path / "x.zip").write_bytes(b"PK")

    code, said = run(VERIFIER, tmp_path / "x.zip")

    assert code == 1
    assert "cannot be read as a bundle" in said
