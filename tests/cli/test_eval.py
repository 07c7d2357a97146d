"""`dossier eval` measures answers, resumes after an interruption, and compares with confidence."""

import asyncio
import json

import msgspec
import pytest

from app.agent.ports import BadReply, Judgement, JudgeReply
from app.cli import evaluating
from app.cli.eval_grading import LINES_OF_CALL, grade, judged_lines
from app.cli.eval_results import (
    EvalQuestion,
    EvalResult,
    GradedLine,
    QuestionDone,
    questions_file,
    read_questions,
    results_in,
)
from app.cli.exits import Ended
from app.domain.events import Usage
from app.settings import Settings
from tests.cli.asked import NOBODY, QUESTION

REPORT = "The with statement runs a block with a context manager [1]. It was added in Python 2.5 [2]."


def written(path, *lines):
    path.write_text("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines))
    return path


def test_a_run_prints_figures_and_a_second_one_asks_nothing_again(terminal, tmp_path):
    questions = written(
        tmp_path / "q.jsonl",
        {
            "question": QUESTION,
            "rubric": ["A context manager is used by the with statement.", "Ice is cold."],
        },
        {"question": "What is a generator?", "reference": "A function with yield.", "id": 7},
    )
    first = terminal.run("eval", str(questions), "--effort", "quick", "--json")
    assert first.returncode in {0, 1}, first.stderr
    found = json.loads(first.stdout)

    assert [one["question"] for one in found["results"]] == [QUESTION, "What is a generator?"]
    assert len(found["results"][0]["rubric"]) == 2
    assert found["results"][0]["rubric"][1]["points"] == 0
    assert found["results"][1]["reference"]["text"] == "A function with yield."
    results = tmp_path / "q.quick.results.jsonl"
    size = results.stat().st_size

    again = terminal.run("eval", str(questions), "--effort", "quick", "--compare", str(results))

    assert results.stat().st_size == size
    assert "may be chance" in again.stdout


def test_a_file_with_a_wrong_line_is_refused_by_its_number(tmp_path):
    for number, wrong in enumerate(("{", '{"reference": "x"}', '{"question": ""}', "[]"), 1):
        path = written(tmp_path / f"{number}.jsonl", {"question": "Why?"}, "", wrong)
        with pytest.raises(Ended, match="line 3"):
            read_questions(path)
    twice = written(tmp_path / "twice.jsonl", {"question": "Why?"}, {"question": "Why?"})
    with pytest.raises(Ended, match="asked before"):
        read_questions(twice)
    with pytest.raises(Ended, match="no question"):
        read_questions(written(tmp_path / "empty.jsonl"))


def test_the_questions_of_public_benchmarks_are_read_from_their_folders(tmp_path):
    (tmp_path / "drb/data/prompt_data").mkdir(parents=True)
    (tmp_path / "bcp").mkdir()
    line = {"id": 1, "topic": "Finance", "language": "en", "prompt": "Which markets grow?"}
    written(tmp_path / "drb/data/prompt_data/query.jsonl", line)
    puzzle = {"query_id": "7", "query": "Which bridge fell?", "answer": "The one of Tacoma."}
    written(tmp_path / "bcp/browsecomp_plus_decrypted.jsonl", puzzle)

    [first] = read_questions(questions_file(tmp_path / "drb"))
    [second] = read_questions(questions_file(tmp_path / "bcp"))

    assert first == EvalQuestion("Which markets grow?")
    assert second == EvalQuestion("Which bridge fell?", "The one of Tacoma.")
    with pytest.raises(Ended, match=r"query\.jsonl"):
        questions_file(tmp_path)


def result_of(question, points, **fields):
    lines = tuple(GradedLine("x", "supported", one) for one in points)
    name = EvalQuestion(question).name
    return EvalResult(name=name, question=question, job_id=NOBODY, status="completed", rubric=lines, **fields)


def test_a_comparison_pairs_the_questions_of_both_runs():
    before = {one.name: one for one in (result_of("a", [0.0], coverage=0.5), result_of("b", [0.5]))}
    after = {one.name: one for one in (result_of("a", [1.0], coverage=0.75), result_of("c", [1.0]))}

    found = {one.measure: one for one in evaluating.compared(before, after, seed=1)}

    assert (found["rubric"].pairs, found["rubric"].difference) == (1, 1.0)
    assert found["coverage"].difference == 0.25
    assert "reference" not in found


def test_a_results_file_that_was_cut_in_a_line_is_gone_on_with(tmp_path):
    path, questions = (
        tmp_path / "r.jsonl",
        written(tmp_path / "q.jsonl", {"question": "a"}, {"question": "b"}),
    )
    head = evaluating.head_of(questions, "quick", "words")
    file = evaluating.ResultsFile(path, head)
    file.submitted(EvalQuestion("a").name, NOBODY)
    file.ended(result_of("a", [1.0]))
    with path.open("ab") as open_:
        open_.write(msgspec.json.encode(QuestionDone(result_of("b", [1.0])))[:40])

    again = evaluating.ResultsFile(path, evaluating.head_of(questions, "quick", "words"))
    assert again.head.run == head.run  # so that a job that was submitted is found by its key
    assert again.results.keys() == {EvalQuestion("a").name}
    again.ended(result_of("b", [0.5]))

    assert len(results_in(path)) == 2
    with pytest.raises(Ended, match="another effort"):
        evaluating.ResultsFile(path, evaluating.head_of(questions, "deep", "words"))


def test_without_a_judge_words_decide_and_say_so():
    lines = ["The with statement uses a context manager.", "It was added in Python 3.9."]

    supported, wrong = grade(Settings(), REPORT, lines).lines

    assert (supported.points, wrong.points) == (1.0, 0.0)


class PlayedJudge:
    name = "judge"

    def __init__(self, support="supported", error=None):
        self.support, self.error, self.asked = support, error, []

    async def judge(self, claims, writing=None):
        if self.error:
            raise self.error
        self.asked.append(claims)
        usage = Usage(cost_usd=0.01)
        return JudgeReply(tuple(Judgement(n, self.support, "why") for n in range(len(claims))), usage)


def test_a_judge_gives_points_and_its_cost():
    judge = PlayedJudge("partly")
    lines = [f"line {n}" for n in range(LINES_OF_CALL + 1)]

    grades = asyncio.run(judged_lines(judge, REPORT, lines))

    assert [one.points for one in grades.lines] == [0.5] * len(lines)
    assert [len(claims) for claims in judge.asked] == [LINES_OF_CALL, 1]
    assert judge.asked[0][0].quote == REPORT
    assert grades.cost_usd == pytest.approx(0.02)


def test_a_judge_that_fails_leaves_the_report_ungraded():
    grades = asyncio.run(judged_lines(PlayedJudge(error=BadReply("no", Usage())), REPORT, ["x"]))

    assert grades.lines == ()
    assert "judge: no" in grades.error
