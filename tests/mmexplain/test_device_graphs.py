from batcher.backends.device import GRAPHS
from mmexplain.device_graphs import device_graphs, write_graphs


def test_the_shipped_graphs_are_those_that_are_made(tmp_path):
    write_graphs(tmp_path / "graphs")
    shipped, made = (
        {path.name: path.read_bytes() for path in folder.iterdir()} for folder in (GRAPHS, tmp_path / "graphs")
    )
    assert shipped == made
    assert len(made) == len(device_graphs()) == 3
