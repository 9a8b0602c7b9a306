import pytest

from export.flops import TOKENS, count_work
from sseft.untrained import untrained


@pytest.fixture(scope="module")
def work(small_config):
    return count_work(untrained(small_config("text", "audio", "video"), 0))


def linear(*shapes):
    return sum(2 * inputs * outputs for inputs, outputs in shapes)


def test_a_tokens_pass_is_its_layers_and_what_it_attends_to(work, small_config):
    config = small_config("text").text
    d, f = config.dim, config.ffn_dim
    assert work.token == config.layers * (
        linear((d, d), (d, d), (d, d), (d, d), (d, f), (f, d)) + 2 * linear((d, TOKENS))
    )


def test_a_point_of_the_grid_is_the_heads(work, small_config):
    config = small_config("text", "audio", "video")
    joint = config.joint_dim
    assert work.point == linear((joint, joint), (joint, config.logits))


def test_a_frame_has_a_table_and_a_picture_little_beside_it(work):
    assert work.table > 100 * work.picture > 0
    assert min(vars(work).values()) > 0


def test_what_a_model_lacks_is_no_work(small_config):
    work = count_work(untrained(small_config("text"), 0))
    assert (work.sample, work.table, work.picture, work.frame, work.pair) == (0, 0, 0, 0, 0)
    dim = small_config("text").text.dim
    assert work.point == linear((dim, dim), (dim, 7))
