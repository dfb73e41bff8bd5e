"""Headless Chromium, driven by its own protocol: for tests of the pages.

with Browser() as browser:
    tab = browser.open("http://127.0.0.1:8080/")
    tab.until("document.title == 'Airflow'")
    tab.press("Tab")
"""

import base64
import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import requests

from tests.patience import PATIENCE

CHROMIUM: Final = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
_KEYS: Final = {"Tab": 9, "Enter": 13, " ": 32, "Escape": 27}


class Tab:
    """A page; expressions are JavaScript, of the innermost frame of the pages if there is one."""

    def __init__(self, address: str) -> None:
        from websockets.sync.client import connect  # Airflow 2.11 does not bring it

        self._socket = connect(address, max_size=None, proxy=None).__enter__()
        self._sent = 0
        self.errors: list[str] = []
        for domain in ("Page", "Runtime", "Accessibility", "Log"):
            self.call(f"{domain}.enable")
        self.call("Emulation.setScrollbarsHidden", hidden=True)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the protocol."""
        self._sent += 1
        self._socket.send(json.dumps({"id": self._sent, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self._socket.recv(timeout=PATIENCE))
            if answer.get("id") == self._sent:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                result: dict[str, Any] = answer["result"]
                return result
            self._note(answer)

    def go(self, url: str) -> None:
        """Open an address."""
        self.call("Page.navigate", url=url)

    def value(self, expression: str) -> Any:
        """Return the value of an expression in the page itself."""
        answer = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"]["exception"]["description"])
        return answer["result"].get("value")

    def framed(self, expression: str) -> Any:
        """Return the value of an expression in the frame that Airflow gives to a page of ours.

        Without such a frame the value is ``None``.
        """
        frame = "document.querySelector('iframe[src*=fargate-batch]')"
        return self.value(
            f"(window => window && (document => {expression})(window.document))"
            f"({frame}?.contentWindow)"
        )

    def until(self, expression: str, *, framed: bool = False) -> None:
        """Wait until an expression is true."""
        look: Callable[[str], Any] = self.framed if framed else self.value
        deadline = time.monotonic() + PATIENCE
        while not look(f"Boolean({expression})"):
            if time.monotonic() > deadline:
                text = self.value("document.body.innerText")
                raise TimeoutError(f"{expression} did not become true:\n{text[:2000]}")
            time.sleep(0.2)

    def press(self, key: str) -> None:
        """Press and release a key."""
        text = {"Enter": "\r", " ": " "}.get(key, "")
        common = {"key": key, "windowsVirtualKeyCode": _KEYS[key]}
        self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **common)
        self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    def resize(self, width: int, height: int = 900) -> None:
        """Give the page a size, in CSS pixels."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def prefer(self, scheme: str) -> None:
        """Prefer ``dark`` or ``light`` as the operating system does."""
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.call("Emulation.setEmulatedMedia", features=[feature])

    def accessible(self) -> list[tuple[str, str]]:
        """Return role and name of all that a screen reader finds, in order."""
        nodes = self.call("Accessibility.getFullAXTree")["nodes"]
        return [(_ax(node, "role"), _ax(node, "name")) for node in nodes if not node["ignored"]]

    def screenshot(self, file: Path) -> None:
        """Write a picture of the whole page."""
        picture = self.call("Page.captureScreenshot", captureBeyondViewport=True)
        file.write_bytes(base64.b64decode(picture["data"]))

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def _note(self, event: Mapping[str, Any]) -> None:
        parameters = event.get("params", {})
        if event.get("method") == "Runtime.exceptionThrown":
            self.errors.append(parameters["exceptionDetails"]["exception"]["description"])
        if event.get("method") == "Log.entryAdded" and parameters["entry"]["level"] == "error":
            self.errors.append(f"{parameters['entry']['text']} {parameters['entry'].get('url')}")


class Browser:
    """Chromium with a profile of its own, gone afterwards."""

    def __enter__(self) -> Self:
        if CHROMIUM is None:
            raise FileNotFoundError("chromium is not installed")
        self._profile = Path(tempfile.mkdtemp(prefix="chromium-"))
        self._process = subprocess.Popen(
            [
                CHROMIUM,
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--no-proxy-server",
                "--remote-debugging-port=0",
                f"--user-data-dir={self._profile}",
                "about:blank",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._port = self._await_port()
        return self

    def open(self, url: str) -> Tab:
        """Open an address in a new tab."""
        made = requests.put(f"http://127.0.0.1:{self._port}/json/new", timeout=PATIENCE)
        tab = Tab(made.json()["webSocketDebuggerUrl"])
        tab.resize(1280)
        tab.go(url)
        return tab

    def _await_port(self) -> str:
        file = self._profile / "DevToolsActivePort"
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if file.exists() and (port := file.read_text().partition("\n")[0]):
                return port
            time.sleep(0.1)
        raise TimeoutError("chromium did not start")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.terminate()
        self._process.wait(timeout=PATIENCE)
        shutil.rmtree(self._profile, ignore_errors=True)


def _ax(node: Mapping[str, Any], member: str) -> str:
    value = node.get(member, {}).get("value", "")
    return str(value)
