"""Debian's Firefox, by Marionette, which is built into it: WebDriver's commands as JSON."""

import json
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager

import pytest

_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the name of a reference to one, by WebDriver


class Firefox:
    """A window of Firefox; its commands are those of the pages of Playwright, as far as needed."""

    def __init__(self, port: int):
        self._socket = socket.create_connection(("127.0.0.1", port), 60)
        self._read = self._socket.makefile("rb")
        self._receive()  # who it is
        self.ask(
            "WebDriver:NewSession", capabilities={"alwaysMatch": {"acceptInsecureCerts": True}}
        )
        self.ask("WebDriver:SetWindowRect", width=1280, height=900)

    def ask(self, command, **parameters):
        """What a command answers."""
        message = json.dumps([0, 1, command, parameters]).encode()
        self._socket.sendall(b"%d:%s" % (len(message), message))
        _, _, error, result = self._receive()
        assert error is None, f"{command}: {error}"
        return result.get("value", result) if isinstance(result, dict) else result

    def _receive(self):
        length = b""
        while (digit := self._read.read(1)) != b":":
            length += digit
        return json.loads(self._read.read(int(length)))

    def goto(self, url):
        self.ask("WebDriver:Navigate", url=url)

    def evaluate(self, script, *arguments):
        """The value of an expression, or of a function's call."""
        script = f"const it = {script}; return typeof it === 'function' ? it(...arguments) : it;"
        return self.ask("WebDriver:ExecuteScript", script=script, args=list(arguments))

    def wait_for(self, expression, seconds=20):
        end = time.monotonic() + seconds
        while not self.evaluate(expression):
            assert time.monotonic() < end, f"waited in vain for {expression}"
            time.sleep(0.05)

    def settle(self):
        """Returns once the page has been drawn with all that has happened."""
        twice = "requestAnimationFrame(() => requestAnimationFrame(arguments[0]))"
        self.ask("WebDriver:ExecuteAsyncScript", script=twice, args=[])

    def element(self, selector):
        return self.ask("WebDriver:FindElement", using="css selector", value=selector)[_ELEMENT]

    def click(self, selector):
        self.ask("WebDriver:ElementClick", id=self.element(selector))

    def type(self, selector, text):
        """Types into an element; a file's path into an input of files."""
        self.ask("WebDriver:ElementSendKeys", id=self.element(selector), text=str(text))

    def press(self, *keys):
        """Presses keys together, such as "\\ue009" (Control) and "z"."""
        down = [{"type": "keyDown", "value": key} for key in keys]
        up = [{"type": "keyUp", "value": key} for key in reversed(keys)]
        self._act({"type": "key", "id": "keyboard", "actions": down + up})

    def drag(self, start, *places):
        """Drags the mouse from place to place (x, y)."""
        moves = [{"type": "pointerMove", "x": round(x), "y": round(y)} for x, y in (start, *places)]
        actions = [moves[0], {"type": "pointerDown", "button": 0}, *moves[1:]]
        actions.append({"type": "pointerUp", "button": 0})
        self._act({"type": "pointer", "id": "mouse", "actions": actions})
        self.settle()

    def _act(self, *actions):
        self.ask("WebDriver:PerformActions", actions=list(actions))


@contextmanager
def firefox(profile):
    """Firefox, headless, with a new profile in a folder; skips where there is none."""
    path = shutil.which("firefox-esr") or shutil.which("firefox")
    if path is None:
        pytest.skip("needs Firefox: apt-get install firefox-esr")
    (profile / "user.js").write_text('user_pref("marionette.port", 0);\n')  # any that is free
    command = [path, "--headless", "--marionette", "--no-remote", "--profile", str(profile)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        port = profile / "MarionetteActivePort"
        end = time.monotonic() + 60
        while not port.exists() or not port.read_text():
            assert process.poll() is None and time.monotonic() < end, "Firefox did not start"
            time.sleep(0.05)
        yield Firefox(int(port.read_text()))
    finally:
        process.terminate()
        process.wait(20)
