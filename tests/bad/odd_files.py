"""What a path of a manifest may lead to beside a media file, and how it may be called."""

import os
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from bench.hostile.sources import Source
from tests.bad.case import Case, LeftOut, Refused, by, file
from tests.bad.damaged import whole

NO_FILE = Refused("a device, a pipe or a socket, not a file. Check its name")
PLAYLIST = Refused("a playlist, or another format that isn't read")
LIST = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{}\n#EXT-X-ENDLIST\n"
ADDRESSES = ("http://127.0.0.1:9/x.mp4", "concat:a.ts|b.ts", "data:audio/wav;base64,AAAA", "pipe:0", "lavfi:sine")


def folder_of_that_name(folder: Path) -> Mapping[str, Any]:
    (folder / "x.mp4").mkdir()
    return {"media": "x.mp4"}


def pipe(folder: Path) -> Mapping[str, Any]:
    os.mkfifo(folder / "x.wav")
    return {"media": "x.wav"}


def loop(folder: Path) -> Mapping[str, Any]:
    (folder / "a.mp4").symlink_to("b.mp4")
    (folder / "b.mp4").symlink_to("a.mp4")
    return {"media": "a.mp4"}


def link(target: str, folder: Path) -> Mapping[str, Any]:
    (folder / "x.mp4").symlink_to(target)
    return {"media": "x.mp4"}


def link_to_a_file(folder: Path) -> Mapping[str, Any]:
    (folder / "y.wav").write_bytes(whole("wav"))
    return link("y.wav", folder)


def playlist(name: str, content: str, folder: Path) -> Mapping[str, Any]:
    """Beside a file that it may name, and that could be played."""
    (folder / "a.ts").write_bytes(whole("ts"))
    (folder / name).write_text(content)
    return {"media": name}


def pattern(folder: Path) -> Mapping[str, Any]:
    """A picture that isn't the one that the manifest names."""
    (folder / "x1.png").write_bytes(Source("image2pipe", ".png", "png", frames=1).content())
    (folder / "x%d.png").write_bytes(b"no picture" * 10)
    return {"media": "x%d.png"}


def nothing_there(name: str, _folder: Path) -> Mapping[str, Any]:
    return {"media": name}


def _no_files() -> Iterator[Case]:
    yield Case("a folder named x.mp4", folder_of_that_name, Refused("is a folder, not a file"))
    yield Case("a pipe that nobody writes to", pipe, NO_FILE)
    for device in ("zero", "null", "random"):
        yield Case(f"a link to the device {device}", partial(link, f"/dev/{device}"), NO_FILE)
    yield Case("a loop of links", loop, Refused("can't be reached (Too many levels of symbolic links)"))
    yield Case("a link to nothing", partial(link, "gone.mp4"), Refused("doesn't exist"))
    yield Case("a link to a file", link_to_a_file, by("audio"))
    yield Case("no file", partial(nothing_there, "gone.mp4"), Refused("gone.mp4' doesn't exist"))
    yield Case("a file as a folder", partial(nothing_there, "../../manifest.jsonl/x.mp4"), Refused("Not a directory"))
    yield Case("a name of 5000 letters", partial(nothing_there, "x" * 5000), Refused("File name too long"))
    yield Case("a name with NUL", partial(nothing_there, "a\0b.mp4"), LeftOut("holds a NUL"))
    for address in ADDRESSES:
        yield Case(f"the address {address}", partial(nothing_there, address), Refused("doesn't exist"))


def _playlists() -> Iterator[Case]:
    for what, target in [("a file", "a.ts"), ("an address", "http://127.0.0.1:9/a.ts"), ("passwd", "/etc/passwd")]:
        yield Case(f"an m3u8 that names {what}", partial(playlist, "x.m3u8", LIST.format(target)), PLAYLIST)
    yield Case(
        "an m3u8 named x.mp4", partial(playlist, "x.mp4", LIST.format("a.ts")), Refused("can't be read as media")
    )
    concat = "ffconcat version 1.0\nfile a.ts\n"
    yield Case("an ffconcat that names a file", partial(playlist, "x.ffconcat", concat), PLAYLIST)
    yield Case("an ffconcat named x.mp4", partial(playlist, "x.mp4", concat), PLAYLIST)
    sdp = "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n"
    yield Case("an sdp that names an address", partial(playlist, "x.sdp", sdp), PLAYLIST)


NAMES = [
    "with spaces .wav",
    'it\'s "quoted".wav',
    "two\nlines.wav",
    "tab\t.wav",
    "😀👩\u200d👩\u200d👧.wav",
    "שלום.wav",
    "\u202egnp.wav",
    "e\u0301.wav",
    "-i.wav",
    "file:x.wav",
    "concat:a|b.wav",
    "http:x.wav",
    "x%d.wav",
    "*?[a].wav",
    "#x?y=1.wav",
    "..wav",
    "x" * 251 + ".wav",
    "\\back\\slash.wav",
    "$(touch pwned).wav",
]
CASES = [
    *_no_files(),
    *_playlists(),
    *(Case(f"a file named {name!r}"[:60], file(name, partial(whole, "wav")), by("audio")) for name in NAMES),
    Case("a pattern that a picture beside it fits", pattern, Refused("x%d.png")),
]
