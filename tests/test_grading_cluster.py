"""Grading on a Dask cluster: a real one, on this machine, that loses a worker while it works."""

import os
import signal
import threading
from pathlib import Path

import pytest

from attnlib.check import grade_command, reports
from attnlib.check.grading import NOT_GRADED, grade
from attnlib.check.sandbox import Limits
from tests.test_grading import AtOnce, first_chapter

distributed = pytest.importorskip("distributed", reason="needs Dask: python3 course.py test --class")
COUNT = 7


@pytest.fixture
def class_folder(tmp_path):
    """Seven students; every answer takes a moment, so that a worker can be lost in the middle."""
    folder = tmp_path / "class"
    for number in range(COUNT):
        (folder / f"student {number}").mkdir(parents=True)
        slow = f"def scale_scores(scores, d_k):\n    time.sleep(0.1)\n    return scores / np.sqrt(d_k) + {number % 2}"
        (folder / f"student {number}" / "01_vectors.ipynb").write_bytes(first_chapter(scale_scores=slow))
    return folder


@pytest.mark.filterwarnings("ignore")
def test_a_cluster_that_loses_a_worker_grades_everybody_all_the_same(class_folder, tmp_path):
    limits = Limits(seconds=5.0, megabytes=256)
    here = grade(class_folder, tmp_path / "here", limits=limits, seed=5, executor=AtOnce())
    with distributed.LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=True,
        dashboard_address=None,
        local_directory=str(tmp_path / "dask"),
    ) as cluster:
        before = {worker.pid for worker in cluster.workers.values()}
        killed = []
        watch = threading.Thread(target=_kill_one, args=(cluster, tmp_path / "there" / "kept", killed))
        watch.start()
        with grade_command.executor_at(cluster.scheduler_address) as executor:
            there = grade(class_folder, tmp_path / "there", limits=limits, seed=5, executor=executor)
        watch.join()
    assert killed
    assert killed[0] in before
    assert not [row for row in there.rows if row.mark.state == NOT_GRADED]
    assert reports.as_data(there) == reports.as_data(here)


def _kill_one(cluster, kept, killed):
    """Wait for the first result, then kill one worker while the others' notebooks are still to do."""
    for _ in range(600):
        done = len(list(Path(kept).glob("*.json"))) if kept.is_dir() else 0
        if 0 < done < COUNT - 2:
            worker = next(iter(cluster.workers.values()))
            os.kill(worker.pid, signal.SIGKILL)
            killed.append(worker.pid)
            return
        threading.Event().wait(0.05)
