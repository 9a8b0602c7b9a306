import os
import shutil
import subprocess

import pytest

from triton_models.processes import Process, children_of

NAME = "a (b) S 1 2 longer than the kernel keeps"
"""Tries a reader of /proc."""


@pytest.fixture
def child(tmp_path, eventually):
    """A process of this one, with that name."""
    program = shutil.copy(shutil.which("sleep"), tmp_path / NAME)
    with subprocess.Popen([program, "60"]) as started:  # noqa: S603  # our own
        eventually(lambda: children_of(os.getpid(), NAME))
        (found,) = children_of(os.getpid(), NAME)
        assert found.pid == started.pid
        yield found
        started.kill()


def test_a_child_is_found_by_its_parent_and_its_programs_name(child):
    assert children_of(os.getpid(), NAME) == (child,)
    assert children_of(os.getpid(), "another") == ()
    assert children_of(os.getpid() + 1, NAME) == ()


def test_a_child_that_ended_is_dead_before_anybody_asked_for_its_status(child, eventually):
    assert child.alive
    os.kill(child.pid, 9)
    eventually(lambda: not child.alive)
    os.kill(child.pid, 0)
    assert children_of(os.getpid(), NAME) == ()


def test_another_process_with_its_number_is_another(child):
    assert not Process(child.pid, child.started - 1).alive
