"""attnlib.check: what a learner's function meets between `check(f)` and its card."""

import builtins
import json
import time
from fractions import Fraction

import numpy as np
import pytest
import torch
from IPython.core.interactiveshell import InteractiveShell

from attnlib import check as package
from attnlib.check import CheckFailed, cards, check, hint, progress, records, running
from attnlib.check.judging import judge
from attnlib.check.spec import Probe, Spec, all_specs

RIGHT = {
    "to_shares": lambda amounts: amounts / amounts.sum(),
    "scale_scores": lambda scores, d_k: scores / np.sqrt(d_k),
    "weighted_sum": lambda weights, values: weights @ values,
}


def named(name, function):
    """Give a function the name of an exercise."""
    function.__name__ = name
    return function


@pytest.fixture(autouse=True)
def own_progress(tmp_path, monkeypatch):
    monkeypatch.setenv("ATTN_PROGRESS", str(tmp_path / "progress.json"))
    monkeypatch.delenv("ATTN_STRICT", raising=False)
    monkeypatch.setattr("attnlib.check.verbs._hints_shown", {})
    return tmp_path / "progress.json"


def verdict_of(name, function, capsys):
    verdict = check(named(name, function))
    return verdict, capsys.readouterr().out


def test_a_right_answer_is_true_and_counted(capsys):
    verdict, text = verdict_of("to_shares", lambda amounts: amounts / amounts.sum(), capsys)
    assert verdict
    assert "Correct: to_shares" in text
    assert "Chapter 0: 1 of 1 done." in text


def test_a_wrong_answer_is_false_and_its_mistake_named(capsys):
    verdict, text = verdict_of("scale_scores", lambda scores, d_k: scores / d_k, capsys)
    assert not verdict
    assert verdict.faults == ("by_d",)
    assert "not by d_k itself" in text
    assert "Expected: (5,)" in text


def test_what_is_right_already_is_said(capsys):
    verdict, _ = verdict_of("scale_scores", lambda scores, d_k: scores * np.sqrt(d_k), capsys)
    assert "the shape (5,)" in verdict.right
    assert "the order of the scores" in verdict.right


def test_an_unfilled_answer_is_not_started(capsys):
    def stub(scores, d_k):
        raise NotImplementedError

    verdict, text = verdict_of("scale_scores", stub, capsys)
    assert verdict.state == "not started"
    assert "Traceback" not in text


def test_what_torch_cannot_do_is_no_unfilled_answer(capsys):
    def product_of_booleans(scores, d_k):
        table = torch.ones(3, 3, dtype=torch.bool)
        return table @ table  # torch raises a NotImplementedError of its own

    verdict, _ = verdict_of("scale_scores", product_of_booleans, capsys)
    assert verdict.state == "stopped with an error"
    assert verdict.clue == "needs floats"
    assert "x.float()" in verdict.headline


def test_an_answer_that_needs_an_unfilled_one_says_which(capsys):
    def score_vector(query, keys):
        raise NotImplementedError

    def attend_one_word(embeddings, position, W_q, W_k, W_v):
        return score_vector(embeddings[position] @ W_q, embeddings @ W_k)

    verdict, text = verdict_of("attend_one_word", attend_one_word, capsys)
    assert verdict.state == "not started"
    assert "`score_vector`, which is not written yet" in text


def test_an_error_is_a_card_with_the_learners_line(capsys):
    def stops(weights, values):
        return weights @ valeus  # noqa: F821

    verdict, text = verdict_of("weighted_sum", stops, capsys)
    assert verdict.state == "stopped with an error"
    assert "name 'valeus' is not defined" in text
    assert "return weights @ valeus" in text


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda amounts: None, "gave back None"),
        (lambda amounts: (share for share in amounts), "a generator"),
        (lambda amounts: lambda: amounts, "a function"),
        (lambda amounts: "0.5", "type str"),
        (lambda amounts: {"shares": amounts}, "type dict"),
        (lambda amounts: [[1.0], [1.0, 2.0]], "different shapes"),
        (lambda amounts: exit(3), "exit()"),
        (lambda amounts: np.array(amounts, dtype=object), "type object"),
        (lambda amounts: torch.zeros(3, device="meta"), "device `meta`"),
        (lambda amounts: torch.zeros(3, dtype=torch.bfloat16), "type is torch.bfloat16"),
    ],
)
def test_strange_results_get_a_clear_card(answer, words, capsys):
    verdict, text = verdict_of("to_shares", answer, capsys)
    assert not verdict
    assert words in text


@pytest.mark.parametrize(
    "kind", [lambda x: [Fraction(one) for one in x.tolist()], lambda x: torch.as_tensor(x).to_sparse(), torch.as_tensor]
)
def test_numbers_in_other_forms_are_right(kind, capsys):
    verdict, _ = verdict_of("to_shares", lambda amounts: kind(np.asarray(amounts) / sum(amounts)), capsys)
    assert verdict


def test_an_endless_loop_is_stopped(capsys, monkeypatch):
    monkeypatch.setattr(running, "TIME_LIMIT", 0.2)
    monkeypatch.setattr(running.run, "__defaults__", (0.2,))

    def endless(amounts):
        while True:
            amounts = amounts + 0

    start = time.monotonic()
    verdict, text = verdict_of("to_shares", endless, capsys)
    assert time.monotonic() - start < 2
    assert "a loop that does not end" in text
    assert verdict.clue == "TimeUp"


def test_an_endless_loop_is_stopped_without_an_alarm_clock():
    def endless():
        while True:
            time.sleep(0.001)

    with pytest.raises(running.TimeUp):
        running._call_in_thread(0.1, endless)
    assert running._call_in_thread(1.0, lambda: 3) == 3


def test_a_swallowed_alarm_still_counts_as_late():
    def swallows():
        try:
            time.sleep(5)
        except BaseException:
            return 1

    with pytest.raises(running.TimeUp):
        running.call_within(0.1, swallows)


def test_endless_recursion_is_named(capsys):
    def again(amounts):
        return again(amounts)

    _, text = verdict_of("to_shares", again, capsys)
    assert "calls itself without end" in text


def test_what_an_answer_prints_is_counted_not_shown(capsys):
    def chatty(amounts):
        for _ in range(5_000):
            print("noise")
        return amounts / amounts.sum()

    verdict, text = verdict_of("to_shares", chatty, capsys)
    assert verdict
    assert "noise" not in text
    assert "60,000 characters" in text


def test_a_changed_argument_is_named(capsys):
    def in_place(weights, values):
        output = weights @ values
        values[:] = 0
        return output

    verdict, text = verdict_of("weighted_sum", in_place, capsys)
    assert not verdict
    assert "changes its argument `values`" in text


def test_dicts_lists_and_functions_may_be_arguments():
    given = {
        "weights": {"a": np.zeros(3)},
        "chunks": [np.zeros(2), np.zeros(5)],
        "layer": type("", (), {"__call__": abs})(),
    }
    assert running.run(lambda weights, chunks, layer: 0, given).changed == []
    spoil = running.run(lambda weights, chunks, layer: (weights.pop("a"), chunks[1].fill(1)), given)
    assert spoil.changed == ["weights", "chunks"]


def test_a_wrong_number_of_arguments_is_named(capsys):
    _, text = verdict_of("scale_scores", lambda scores: scores, capsys)
    assert "`scale_scores(scores, d_k)`" in text


def test_the_result_instead_of_the_function_is_explained(capsys):
    assert not check(np.zeros(3))
    assert "without calling it" in capsys.readouterr().out


def test_a_misspelt_name_gets_the_nearest_exercise(capsys):
    verdict, text = verdict_of("weigthed_sum", lambda weights, values: weights @ values, capsys)
    assert not verdict
    assert "Did you mean `weighted_sum`?" in text


@pytest.mark.parametrize("variable", ["ATTN_STRICT", "NBGRADER_EXECUTION"])
def test_strict_mode_raises_one_line(variable, monkeypatch, capsys):
    monkeypatch.setenv(variable, "1")
    with pytest.raises(CheckFailed, match=r"^scale_scores: not yet\. Divide by the square root") as caught:
        check(named("scale_scores", lambda scores, d_k: scores / d_k))
    assert caught.value._render_traceback_() == [f"CheckFailed: {caught.value}"]
    assert check(named("scale_scores", RIGHT["scale_scores"]))


def test_hints_go_from_question_to_solution(capsys):
    for _ in range(5):
        hint("weighted_sum")
    shown = capsys.readouterr().out
    spec = all_specs()["weighted_sum"]
    assert [shown.count(text) for text in spec.hints] == [1, 1, 1]
    assert shown.count("solutions/01_vectors.ipynb") == 2


def test_hint_takes_the_function_too(capsys):
    hint(named("to_shares", lambda amounts: amounts))
    assert all_specs()["to_shares"].hints[0] in capsys.readouterr().out


def test_progress_counts_each_exercise_once(capsys, own_progress):
    for name in ("scale_scores", "weighted_sum", "scale_scores"):
        check(named(name, RIGHT[name]))
    check(named("scale_scores", lambda scores, d_k: scores))
    capsys.readouterr()
    progress()
    text = capsys.readouterr().out
    assert " 2 of 6" in text
    assert "Next: `to_shares` in `notebooks/00_start_here.ipynb`." in text
    assert json.loads(own_progress.read_text()) == {"done": ["scale_scores", "weighted_sum"]}


def test_a_damaged_progress_file_is_kept_aside(own_progress):
    own_progress.write_text("{broken")
    assert records.done() == set()
    assert own_progress.with_name("progress.json.damaged").read_text() == "{broken"


def test_answers_of_the_solutions_are_not_counted(tmp_path, monkeypatch, capsys, own_progress):
    (tmp_path / "solutions").mkdir()
    monkeypatch.chdir(tmp_path / "solutions")
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    verdict, text = verdict_of("to_shares", RIGHT["to_shares"], capsys)
    assert verdict
    assert "not counted" in text
    assert not own_progress.exists()


def test_the_progress_file_lies_in_the_course_folder(tmp_path, monkeypatch):
    monkeypatch.delenv("ATTN_PROGRESS")
    (tmp_path / "course.py").touch()
    (tmp_path / "solutions").mkdir()
    (tmp_path / "exercises").mkdir()
    monkeypatch.chdir(tmp_path / "exercises")
    assert records.record_file() == tmp_path / ".progress.json"


def looked_up(faults, table, positions):
    """An exercise whose right answer refuses what is not in the table; the mistake is to return zeros there."""
    if any(not 0 <= p < len(table) for p in positions):
        if "zeros" in faults:
            return np.zeros((len(positions), table.shape[1]))
        raise IndexError("not in the table")
    return table[positions]


REFUSING = Spec(
    name="looked_up",
    chapter=1,
    minutes=1,
    difficulty=1,
    oracle=lambda table, positions: looked_up((), table, positions),
    variant=looked_up,
    faults={"zeros": "Raise an IndexError there; zeros look like a position."},
    probes=(
        Probe("places in the table", {"table": np.arange(6.0).reshape(3, 2), "positions": np.array([2, 0])}),
        Probe("a place beyond it", {"table": np.arange(10.0).reshape(5, 2), "positions": np.array([1, 5, 0])}),
    ),
    hints=("", "", ""),
    follow_up="",
    raises=(IndexError,),
)


@pytest.mark.parametrize(
    ("answer", "state", "words"),
    [
        (lambda table, positions: table[positions], "correct", ""),  # NumPy says it in other words
        (lambda table, positions: looked_up(("zeros",), table, positions), "not yet", "zeros look like a position"),
        (lambda table, positions: table[positions % len(table)], "not yet", "beyond it your function must raise Ind"),
        (lambda table, positions: table[[list(range(3)).index(p) for p in positions]], "stopped with an error", "Valu"),
        (
            lambda table, positions: table[[list(range(3)).index(p) for p in positions]],
            "stopped with an error",
            "must r",
        ),
        (lambda table, positions: table[positions] if max(positions) < 5 else None, "not yet", "must raise Ind"),
    ],
    ids=["another message", "known mistake", "a value instead", "another error", "which error", "nothing instead"],
)
def test_an_answer_that_has_to_refuse_is_judged_by_the_type_of_its_error(answer, state, words, monkeypatch):
    monkeypatch.setitem(all_specs(), "looked_up", REFUSING)
    verdict = judge(REFUSING, answer)
    assert verdict.state == state
    assert words in verdict.headline


def test_the_same_answer_gives_the_same_card(capsys):
    cards_shown = []
    for _ in range(2):
        check(named("scale_scores", lambda scores, d_k: scores / d_k))
        cards_shown.append(capsys.readouterr().out)
    assert cards_shown[0] == cards_shown[1]


class Page:
    """Catches what is displayed."""

    def __init__(self, monkeypatch):
        self.shown = []
        monkeypatch.setattr(cards, "get_ipython", lambda: InteractiveShell)
        monkeypatch.setattr(cards, "display", lambda data, raw: self.shown.append(data))


def test_a_card_reaches_a_notebook_as_html_text_and_data(monkeypatch):
    page = Page(monkeypatch)
    check(named("scale_scores", lambda scores, d_k: scores / d_k))
    (data,) = page.shown
    assert data[cards.MIME] == {"exercise": "scale_scores", "state": "not yet", "faults": ["by_d"]}
    assert 'data-state="not yet"' in data["text/html"]
    assert data["text/html"].count("<details>") == data["text/html"].count("</details>") == 3
    assert data["text/plain"].startswith("Not yet: scale_scores")


def test_a_card_escapes_what_a_learner_wrote(monkeypatch):
    page = Page(monkeypatch)

    def stops(amounts):
        raise ValueError("<script>alert(1)</script>")

    check(named("to_shares", stops))
    assert "<script>" not in page.shown[0]["text/html"]
    assert "&lt;script&gt;" in page.shown[0]["text/html"]


def test_the_result_of_check_shows_nothing_more():
    assert check(named("to_shares", RIGHT["to_shares"]))._ipython_display_() is None


def test_an_answer_cannot_spoil_the_next_one(capsys):
    def spoils(weights, values):
        values[...] = np.nan
        weights[...] = np.nan
        return values.sum(0)

    verdict_of("weighted_sum", spoils, capsys)
    verdict, _ = verdict_of("weighted_sum", RIGHT["weighted_sum"], capsys)
    assert verdict


def test_public_words_are_exported():
    assert set(package.__all__) == {"CheckFailed", "check", "hint", "progress"}
    assert builtins.all(hasattr(package, word) for word in package.__all__)
