import pytest

from triton_models.log import errors_of

WRITTEN = r"""I1123 19:30:28.1 4925 cuda_memory_manager.cc:117] "CUDA memory pool disabled"
E1123 19:30:28.1 4925 server.cc:241] "CudaDriverHelper has not been initialized."
E1123 19:30:29.7 4925 backend_model.cc:692] "Failed: ValueError: no weights\n\nAt:\n  model.py(3)\n"
E1123 19:30:29.7 4925 backend_model.cc:692] "Failed: ValueError: no weights\n\nAt:\n  model.py(3)\n"
| model | 1       | UNAVAILABLE |
error: creating server: Internal - failed to load all models
"""


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "server.log"
    path.write_text(WRITTEN)
    return path


def test_each_error_is_shown_once_in_its_own_lines(log):
    assert errors_of(log).splitlines() == [
        "Failed: ValueError: no weights",
        "",
        "At:",
        "  model.py(3)",
        "creating server: Internal - failed to load all models",
    ]


def test_what_an_earlier_start_wrote_is_left_out(log):
    start = log.stat().st_size
    with log.open("a") as file:
        file.write("error: the second\n")
    assert errors_of(log, start) == "the second"


def test_without_errors_its_last_words_are_shown(log):
    log.write_text("".join(f"line {i}\n" for i in range(100)) + "libcuda.so.1: cannot open shared object file\n")
    shown = errors_of(log).splitlines()
    assert shown[-1] == "libcuda.so.1: cannot open shared object file"
    assert len(shown) == 20
    log.write_text("")
    assert errors_of(log) == "(it wrote nothing)"
