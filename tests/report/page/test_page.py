import json
import os
import shutil
import sys
from pathlib import Path

import av
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from browser import MISSING, Browser  # beside this file

from batcher.run import Run, explain_collection
from batcher.selection import Selection
from batcher.store.result import load_result
from report.collection.summarise import summarise
from report.page.script import call
from report.page.write import write_page

EVIL = "</script><script>window.hacked=1</script><img src=x onerror='window.hacked=1'>"
MANY = 2000


@pytest.fixture(scope="module")
def browser():
    if not shutil.which(os.environ.get("MMEXPLAIN_BROWSER", "chromium")):
        pytest.fail(MISSING)
    found = Browser()
    yield found
    found.close()


@pytest.fixture
def kept(tmp_path):
    """Where screenshots go."""
    folder = Path(os.environ.get("MMEXPLAIN_TEST_ARTEFACTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def demo_page(tmp_path_factory, demo_manifest, model, cheap):
    """The page of three of the demo's clips, with previews."""
    folder = tmp_path_factory.mktemp("demo")
    run = Run(demo_manifest, model, folder / "result", options=cheap, selection=Selection((), 3), workers=0)
    explain_collection(run)
    result = load_result(run.out)
    return write_page(result, summarise(result), folder / "page", previews=True)


@pytest.fixture
def page(result, tmp_path):
    """The page of a result without media."""
    return write_page(result, summarise(result), tmp_path / "page")


def test_data_cannot_leave_their_script():
    script = call("f", {"a": EVIL + "\u2028", "b": float("nan"), "c": [1.5, None]})
    assert not set("<>&\u2028") & set(script)
    assert json.loads(script[2:-3]) == {"a": EVIL + "\u2028", "b": None, "c": [1.5, None]}


def test_a_page_is_written_anew_without_leftovers(result, tmp_path):
    for _ in range(2):
        write_page(result, summarise(result), tmp_path / "page")
        (tmp_path / "page" / "report" / "stale.js").write_text("")
    write_page(result, summarise(result), tmp_path / "page")
    assert {path.name for path in (tmp_path / "page").iterdir()} == {"report.html", "report"}
    assert not (tmp_path / "page" / "report" / "stale.js").exists()


def test_previews_are_what_browsers_play(demo_page):
    clips = sorted((demo_page.parent / "report" / "clips").iterdir())
    assert len(clips) == 3
    for path in clips:
        with av.open(str(path)) as container:
            video, audio = container.streams.video[0], container.streams.audio[0]
            assert (video.codec_context.name, video.pix_fmt, audio.codec_context.name) == ("h264", "yuv420p", "aac")
            frames = list(container.decode(video))
            assert 2.0 < float(frames[-1].pts * video.time_base) < 10
            assert frames[0].to_ndarray(format="rgb24").std() > 10
        with av.open(str(path)) as container:
            sound = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
            assert np.abs(sound).max() > 0.05


def test_the_demo_opens_and_each_segment_has_four_pictures(browser, demo_page, kept):
    browser.look(1280, 1400)
    browser.open(demo_page.as_uri())
    assert browser.run("document.querySelectorAll('#table tbody tr').length") == 3
    browser.shot(kept / "report-collection.png")
    for place in range(3):
        browser.run(f"document.querySelectorAll('#table tbody tr')[{place}].click()")
        browser.until("document.querySelectorAll('dialog[open] figure svg').length === 4")
        browser.until("document.querySelector('dialog video').readyState >= 1")
        assert browser.run("document.querySelector('dialog video').duration") > 2
        assert browser.run("document.querySelectorAll('dialog image').length") == 2
        assert browser.run("document.querySelectorAll('dialog polygon.wave').length") == 1
        browser.shot(kept / f"report-segment-{place}.png")
        browser.press("Escape")
        browser.until("!document.querySelector('dialog').open && !location.hash")
    assert browser.complaints == []


def test_search_and_sort(browser, demo_page):
    browser.open(demo_page.as_uri())
    ids = "[...document.querySelectorAll('#table tbody tr')].map((row) => row.dataset.id)"
    everything = browser.run(ids)
    browser.press("/", "/")
    assert browser.run("document.activeElement.id") == "search"
    browser.send("Input.insertText", text="JOY on friday")
    assert browser.run(ids) == [name for name in everything if "joy" in name]
    browser.run("document.getElementById('search').value = ''")
    browser.run("document.getElementById('search').dispatchEvent(new Event('input'))")
    browser.run("document.querySelector('[data-column=\"5\"] button').click()")
    shown = browser.run("[...document.querySelectorAll('#table .shares')].map((cell) => cell.textContent)")
    shares = [int(words.split()[1]) for words in shown]
    assert len(shares) == 3
    assert shares == sorted(shares, reverse=True)
    browser.run("document.querySelector('[data-column=\"0\"] button').click()")
    assert browser.run(ids) == sorted(everything)
    assert browser.complaints == []


def test_the_keyboard_is_enough(browser, demo_page):
    browser.open(demo_page.as_uri())
    browser.press("j", "j")
    browser.press("j", "j")
    browser.press("k", "k")
    wanted = browser.run("document.querySelector('tr.active').dataset.id")
    assert wanted == browser.run("document.querySelector('#table tbody tr').dataset.id")
    browser.press("Enter", "\r")
    browser.until("document.querySelector('dialog').open")
    assert browser.run("document.getElementById('detail-title').textContent") == wanted
    assert browser.run("decodeURIComponent(location.hash)") == f"#segment={wanted}"
    browser.press("Escape")
    browser.until("!document.querySelector('dialog').open && !location.hash")


def test_enter_opens_the_row_that_keys_moved_to_not_the_link_that_was_clicked(browser, demo_page):
    browser.open(demo_page.as_uri())
    browser.run("document.querySelectorAll('#table a')[0].focus()")
    browser.press("j", "j")
    browser.press("j", "j")
    wanted = browser.run("document.querySelectorAll('#table tbody tr')[1].dataset.id")
    assert browser.run("document.activeElement.dataset.id") == wanted
    browser.press("Enter", "\r")
    browser.until("document.querySelector('dialog').open")
    assert browser.run("document.getElementById('detail-title').textContent") == wanted


def test_values_have_their_errors_in_tooltips(browser, page):
    browser.open(f"{page.as_uri()}#segment=whole")
    browser.until("document.querySelectorAll('dialog figure svg').length === 4")
    browser.run("document.querySelector('dialog figure [aria-label^=\"nice\"]').focus()")
    assert browser.run("document.getElementById('tip').textContent") == "nice +0.300 ±0.024"
    assert not browser.run("document.getElementById('tip').hidden")
    assert browser.run("document.querySelectorAll('dialog .whisker').length") >= 9
    assert "can't be read" in browser.run("document.querySelector('dialog').textContent")


def test_a_failed_segment_says_why(browser, page):
    browser.open(page.as_uri())
    row = browser.run("document.querySelector('tr[data-id=torn]').textContent")
    assert "failed" in row
    assert "decode: 'c.mp4' is torn" in row
    browser.run("document.querySelector('tr[data-id=torn]').click()")
    assert not browser.run("document.querySelector('dialog').open")


def test_without_its_collection_a_page_has_values_alone(browser, result, tmp_path):
    Path(result.run["manifest"]).unlink()
    page = write_page(result, summarise(result), tmp_path / "page", previews=True)
    browser.open(f"{page.as_uri()}#segment=whole")
    browser.until("document.querySelectorAll('dialog figure svg').length === 4")
    assert "Neither frames nor waveforms are shown" in browser.run("document.getElementById('warnings').textContent")


def test_only_what_a_segment_has_is_drawn(browser, page):
    browser.open(f"{page.as_uri()}#segment=words")
    browser.until("document.querySelectorAll('dialog figure svg').length === 1")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_all_without_scrolling_sideways(browser, demo_page, kept, scheme):
    browser.look(320, 700, scheme, phone=True)
    browser.open(demo_page.as_uri())
    assert browser.run("document.documentElement.scrollWidth") <= 320
    browser.shot(kept / f"report-phone-{scheme}.png")
    browser.run("document.querySelector('#table tbody tr').click()")
    browser.until("document.querySelectorAll('dialog figure svg').length === 4")
    assert browser.run("document.querySelector('dialog').scrollWidth <= 320")
    ground = browser.run("getComputedStyle(document.querySelector('dialog')).backgroundColor")
    assert (sum(map(int, ground[4:-1].split(","))) < 200) == (scheme == "dark")
    browser.shot(kept / f"report-phone-segment-{scheme}.png")
    browser.look(1280, 1400, scheme)
    browser.shot(kept / f"report-segment-{scheme}.png")
    browser.look(1280, 1400)


def test_a_hostile_transcript_does_nothing(browser, result_of_rows, explained_rows, tmp_path):
    segment, contribution, players = explained_rows["whole"]
    odd = [player | {"token": EVIL} if player["modality"] == "text" else player for player in players]
    columns = {"text": EVIL, "media": EVIL, "label_true": EVIL, "program_id": EVIL}
    rows = {f"{i}/../{EVIL}": (segment | columns, contribution, odd) for i in range(2)}
    result = result_of_rows(rows | {"عربي": (segment, contribution, players)})
    page = write_page(result, summarise(result), tmp_path / "page")
    browser.open(page.as_uri())
    for place in range(3):
        browser.run(f"document.querySelectorAll('#table tbody tr')[{place}].click()")
        browser.until("document.querySelectorAll('dialog[open] figure svg').length === 4")
        browser.run("document.querySelector('dialog').close()")
        browser.until("!location.hash")
    assert browser.run("window.hacked") is None
    assert browser.run("document.querySelectorAll('img').length") == 0
    assert browser.complaints == []


def test_two_thousand_segments_open(browser, result_of_rows, explained_rows, tmp_path):
    rows = {f"s{i:04}": explained_rows["words"] for i in range(MANY)}
    result = result_of_rows(rows)
    page = write_page(result, summarise(result), tmp_path / "page")
    browser.open(page.as_uri())
    assert browser.run("document.getElementById('found').textContent") == "2,000 segments"
    assert browser.run("document.querySelectorAll('#table tbody tr').length") == 100
    browser.run("document.querySelector('#pages button:last-child').click()")
    assert browser.run("document.querySelector('#table tbody tr').dataset.id") == "s0100"
    browser.open(f"{page.as_uri()}#segment=s1999")
    browser.until("document.getElementById('detail-title')?.textContent === 's1999'")
    assert browser.complaints == []


def test_a_clip_that_cannot_be_encoded_costs_its_preview_alone(demo_page, tmp_path, monkeypatch):
    def refuse(*_):
        raise av.error.InvalidDataError(1, "no")

    monkeypatch.setattr("report.page.write.write_preview", refuse)
    result = load_result(demo_page.parents[1] / "result")
    write_page(result, summarise(result), tmp_path, previews=True)
    assert list((tmp_path / "report" / "clips").iterdir()) == []
    assert '"preview":null' in (tmp_path / "report" / "details" / "0.js").read_text()
