import pytest

from media import Preprocessing

MELD = """Sr No.,Utterance,Speaker,StartTime,EndTime
1,Why do all your mugs have numbers?,Mark,"00:14:38,127","00:14:40,378"
2,"Oh.",Rachel,"0:12:32,632","0:12:32,632"
3,"It's a role on",Student,"00:13:31,060","00:18:36,000"
4,Back to front,Joey,"00:00:05,000","00:00:04,000"
"""


@pytest.fixture
def limits():
    return Preprocessing()


@pytest.fixture
def meld(tmp_path):
    """Two utterances that can be read, one of them far too long, and two that can't."""
    path = tmp_path / "meld.csv"
    path.write_text(MELD)
    return path
