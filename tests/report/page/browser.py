"""Chromium without a window, driven through its own pipe: no port, and no other package."""

import base64
import fcntl
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

MISSING = "no browser: apt-get install chromium, or name one by MMEXPLAIN_BROWSER"


class Browser:
    """One page."""

    def __init__(self):
        binary = shutil.which(os.environ.get("MMEXPLAIN_BROWSER", "chromium"))
        if binary is None:
            raise FileNotFoundError(MISSING)
        self.profile = tempfile.mkdtemp()
        ours, theirs = os.pipe(), os.pipe()
        commands, answers = (fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (ours[0], theirs[1]))

        def connect():
            os.dup2(commands, 3)  # where Chromium reads its commands
            os.dup2(answers, 4)  # and writes its answers

        options = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", f"--user-data-dir={self.profile}"]
        self.process = subprocess.Popen(  # noqa: S603  # the browser that the environment names
            [binary, "--remote-debugging-pipe", *options],
            pass_fds=(3, 4),
            preexec_fn=connect,  # noqa: PLW1509  # it only moves two pipes
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        for end in (ours[0], theirs[1], commands, answers):
            os.close(end)
        self.out, self.back = os.fdopen(ours[1], "wb", 0), os.fdopen(theirs[0], "rb")
        self.number, self.session, self.events = 0, None, []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.send(f"{domain}.enable")

    def send(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        self.out.write(json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(answer["error"])
                return answer["result"]
            self.events.append(answer)

    def _read(self):
        content = bytearray()
        while (byte := self.back.read(1)) != b"\0":
            if not byte:
                raise EOFError("the browser has gone")
            content += byte
        return json.loads(content)

    def open(self, url):
        self.events.clear()
        self.send("Page.navigate", url="about:blank")
        self.send("Page.navigate", url=url)
        self.run("new Promise((done) => document.readyState === 'complete' ? done() : addEventListener('load', done))")

    def run(self, expression):
        """The value of a script's expression, awaited."""
        found = self.send("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in found:
            raise RuntimeError(found["exceptionDetails"])
        return found["result"].get("value")

    def until(self, condition):
        """Wait, ten seconds at most, until a script's condition holds."""
        look = f"const look = (left) => ({condition}) || !left ? done(!!({condition})) : setTimeout(look, 20, left - 1)"
        wait = f"new Promise((done) => {{ {look}; look(500); }})"
        assert self.run(wait), condition

    def press(self, key, text=None):
        code = {"Escape": 27, "Enter": 13}.get(key, 0)
        described = {"key": key, "windowsVirtualKeyCode": code} | ({"text": text} if text else {})
        self.send("Input.dispatchKeyEvent", type="keyDown", **described)
        self.send("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)

    def look(self, width, height, scheme="light", *, phone=False):
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)
        self.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def shot(self, path):
        Path(path).write_bytes(base64.b64decode(self.send("Page.captureScreenshot")["data"]))

    @property
    def complaints(self):
        """Errors and warnings of the console, and exceptions that nothing caught."""
        found = [
            event["params"]
            for event in self.events
            if event.get("method") in {"Runtime.exceptionThrown", "Log.entryAdded"}
        ]
        spoken = [event["params"] for event in self.events if event.get("method") == "Runtime.consoleAPICalled"]
        return found + [one for one in spoken if one["type"] in {"error", "warning", "assert"}]

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.out.close()
        self.back.close()
        shutil.rmtree(self.profile, ignore_errors=True)
