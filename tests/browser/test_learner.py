"""A learner does an exercise wrong, then right, saves, leaves, and comes back."""

import pytest

pytestmark = pytest.mark.browser
EXERCISES = "exercises/01_vectors.ipynb"
ANSWER = """\
def stable_softmax(scores):
    powers = np.exp(scores - scores.max(axis={axis}, keepdims=True))
    return powers / powers.sum(axis={axis}, keepdims=True)
"""
WRONG, RIGHT = ANSWER.format(axis=0), ANSWER.format(axis=-1)


@pytest.fixture(scope="module")
def notebook(open_notebook):
    notebook = open_notebook(EXERCISES)
    notebook.run("import numpy")
    return notebook


def try_answer(notebook, answer):
    """Write an answer into its cell, run it and its check; return the card."""
    notebook.write("def stable_softmax", answer)
    notebook.run("def stable_softmax")
    notebook.run("check(stable_softmax)")
    return notebook.cell("check(stable_softmax)").locator(".attn-card")


def test_wrong_answer_gets_its_diagnosis(notebook):
    card = try_answer(notebook, WRONG)
    assert card.get_attribute("data-state") == "not yet"
    assert "axis=-1" in card.inner_text(), "what to change first"


def test_right_answer_is_correct(notebook):
    card = try_answer(notebook, RIGHT)
    assert card.get_attribute("data-state") == "correct"
    assert "Correct" in card.inner_text()
    assert "1 of 6 done" in card.inner_text()


def test_work_and_progress_are_found_again(notebook):
    card = try_answer(notebook, RIGHT)
    notebook.save()
    notebook.end_kernel()
    notebook.reload()
    assert notebook.source("def stable_softmax").strip() == RIGHT.strip()
    assert card.get_attribute("data-state") == "correct"
    notebook.run("import numpy")
    notebook.run("progress()")
    row = notebook.cell("progress()").locator("tr", has_text="One word at a time").inner_text()
    assert "1 of 6" in row
