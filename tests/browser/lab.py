"""A real JupyterLab in a real browser, on a copy of the course that is thrown away.

`course_copy` makes the copy, `serve` a JupyterLab that knows no other settings than ours, `browse`
a page of headless Chromium, and `Notebook` drives one notebook in it, as a reader would.
"""

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("attnlib", "benchmarks", "notebooks", "exercises", "solutions", "pyproject.toml")
WIDTH, HEIGHT = 1000, 1500
CHROMIUM_OPTIONS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": True,
    },
    # every cell is in the page, not only those in view
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
}

EXTENSIONS = {"@jupyter-widgets/jupyterlab-manager", "jupyterlab_pygments"}

# What the page is asked in JavaScript; `jupyterapp` is there because the server exposes it.
READY = """() => {
    const panel = window.jupyterapp?.shell?.currentWidget;
    return panel?.sessionContext?.isReady || document.querySelector('.jp-Dialog');
}"""
DRAWN = """() => [...document.images].every(image => image.complete)
    && jupyterapp.shell.currentWidget.content.widgets.every(cell => !cell.isPlaceholder())"""
CELLS = """() => jupyterapp.shell.currentWidget.content.widgets
    .filter(cell => cell.model.type === 'code' && cell.model.sharedModel.getSource().trim())
    .map(cell => ({
        source: cell.model.sharedModel.getSource(),
        number: cell.model.executionCount,
        running: cell.promptNode.textContent.includes('*'),
        expected: (cell.model.getMetadata('tags') || []).includes('raises-exception'),
        errors: cell.model.outputs.toJSON().filter(output => output.output_type === 'error')
            .map(output => `${output.ename}: ${output.evalue}`),
    }))"""


def chromium_path():
    """The Chromium of this machine, or None."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def course_copy(folder):
    """Copy what a reader works with into an empty folder."""
    ignore = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=ignore)
        elif source.exists():
            shutil.copy(source, folder / part)
    return folder


class Server:
    """A running JupyterLab: where it is and how to ask it something."""

    def __init__(self, port, token):
        self.url, self.token = f"http://127.0.0.1:{port}", token

    def ask(self, path):
        """The answer of the REST interface, or None while there is none."""
        request = urllib.request.Request(f"{self.url}/api/{path}", headers={"Authorization": f"token {self.token}"})
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return json.load(answer)
        except (urllib.error.URLError, OSError):
            return None

    def kernel_is_ready(self, path):
        return any(
            session["path"] == path
            and session["kernel"]["execution_state"] == "idle"
            and session["kernel"]["connections"] >= 1
            for session in self.ask("sessions") or []
        )


@contextlib.contextmanager
def serve(course, scratch, theme="light"):
    """Run a JupyterLab over the folder `course`; whatever it keeps, it keeps in `scratch`."""
    server = Server(free_port(), secrets.token_hex(16))
    options = {
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.port": server.url.rsplit(":")[-1],
        "ServerApp.port_retries": 0,
        "ServerApp.open_browser": False,
        "ServerApp.allow_root": True,
        "ServerApp.root_dir": course,
        "IdentityProvider.token": server.token,
        "LabApp.expose_app_in_browser": True,
    }
    command = [sys.executable, "-m", "jupyterlab"]
    command += [f"--{name}={value}" for name, value in options.items()]
    configure(scratch / "config" / "labconfig", theme)
    environment = surroundings(course, scratch)
    with open(scratch / "server.log", "wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            wait_for(lambda: process.poll() is not None or server.ask("status"), "JupyterLab")
            if process.poll() is not None:
                raise RuntimeError((scratch / "server.log").read_text())
            yield server
        finally:
            stop(process)


def configure(folder, theme):
    """Write what this JupyterLab starts with: our settings, and no extension but the widgets."""
    themes = {"@jupyterlab/apputils-extension:themes": {"theme": THEMES[theme]}}
    installed = Path(sys.prefix, "share", "jupyter", "labextensions").rglob("package.json")
    names = {json.loads(file.read_text(encoding="utf-8"))["name"] for file in installed}
    off = {"disabledExtensions": dict.fromkeys(sorted(names - EXTENSIONS), True)}
    folder.mkdir(parents=True)
    (folder / "default_setting_overrides.json").write_text(json.dumps(SETTINGS | themes))
    (folder / "page_config.json").write_text(json.dumps(off))


def surroundings(course, scratch):
    """The environment of the server: its own folders, the copy's attnlib, progress in `scratch`."""
    names = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
        "ATTN_PROGRESS": "progress.json",
    }
    foreign = ("JUPYTER", "MPLBACKEND", "ATTN_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    ours = {name: str(scratch / part) for name, part in names.items()}
    return kept | ours | {"PYTHONPATH": str(course)}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def stop(process):
    """End the server; on SIGTERM it ends its kernels first."""
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_for(condition, what, seconds=60):
    """Ask again and again until the answer is truthy; return it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if answer := condition():
            return answer
        time.sleep(0.2)
    raise TimeoutError(f"{what} was not ready after {seconds} s")


@contextlib.contextmanager
def browse():
    """Open a page in headless Chromium, fresh profile; `page.complaints` gathers its errors."""
    from playwright.sync_api import sync_playwright  # an extra: only those who browse need it

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_OPTIONS)
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.complaints = []
        page.on("pageerror", lambda error: page.complaints.append(f"uncaught: {error}"))
        page.on("console", lambda message: note(page.complaints, message))
        try:
            yield page
        finally:
            browser.close()


def note(complaints, message):
    if message.type == "error":
        complaints.append(f"console: {message.text} ({message.location.get('url', '')})")


class Notebook:
    """One notebook in the browser."""

    def __init__(self, page, server, path):
        self.page, self.server, self.path = page, server, path
        page.goto(f"{server.url}/lab/tree/{path}?reset&token={server.token}")
        self.wait_until_ready()

    def wait_until_ready(self):
        self.page.wait_for_function(READY, timeout=60_000)
        if self.page.locator(".jp-Dialog").count():
            raise RuntimeError(f"JupyterLab asks: {self.page.locator('.jp-Dialog').inner_text()}")
        wait_for(lambda: self.server.kernel_is_ready(self.path), f"the kernel of {self.path}")
        self.page.evaluate("jupyterapp.shell.collapseLeft(), jupyterapp.shell.collapseRight()")

    def reload(self):
        """Leave the page and come back."""
        self.page.reload()
        self.wait_until_ready()

    def command(self, name, **arguments):
        """Start a command of JupyterLab, as its menus do, and do not wait for its end."""
        self.page.evaluate(
            "([name, arguments]) => { jupyterapp.commands.execute(name, arguments); }",
            [name, arguments],
        )

    def run_all(self, seconds=120):
        """Run all cells; return the errors that no cell announces with a tag.

        Stored outputs are cleared first: what is seen afterwards was made here.
        """
        self.command("notebook:clear-all-cell-outputs")
        wait_for(lambda: not any(cell["number"] for cell in self.cells()), "the cleared cells")
        self.command("notebook:run-all-cells")
        wait_for(self.has_stopped, f"the last cell of {self.path}", seconds)
        self.settle()
        return self.errors()

    def cells(self):
        return self.page.evaluate(CELLS)

    def has_stopped(self):
        cells = self.cells()
        if any(cell["running"] for cell in cells):
            return False
        return all(cell["number"] for cell in cells) or bool(self.errors())

    def cell(self, text):
        """The first code cell in whose source this text stands."""
        source = self.page.locator(".jp-InputArea-editor", has_text=text)
        return self.page.locator(".jp-CodeCell").filter(has=source).first

    def source(self, text):
        """The whole source of that cell."""
        return "\n".join(self.cell(text).locator(".cm-line").all_inner_texts())

    def write(self, text, source):
        """Replace the source of that cell by keyboard."""
        self.cell(text).locator(".cm-content").click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(source)

    def run(self, text):
        """Run that cell by keyboard and wait for its number; what it showed before is cleared."""
        prompt = self.cell(text).locator(".jp-InputPrompt")
        self.cell(text).locator(".cm-content").click()
        self.command("notebook:clear-cell-output")
        wait_for(lambda: prompt.inner_text() == "[ ]:", "the cleared cell")
        self.page.keyboard.press("Shift+Enter")
        wait_for(lambda: prompt.inner_text() not in ("[ ]:", "[*]:"), f"the cell with {text}", 30)

    def save(self):
        self.page.keyboard.press("Control+s")
        self.page.wait_for_function("!jupyterapp.shell.currentWidget.context.model.dirty")

    def end_kernel(self):
        self.page.evaluate("jupyterapp.shell.currentWidget.sessionContext.shutdown()")

    def errors(self):
        """The unexpected errors, each with the first line of its cell."""
        return [
            f"{error}\n    in the cell that starts with: {cell['source'].splitlines()[0]}"
            for cell in self.cells()
            for error in cell["errors"]
            if not cell["expected"]
        ]

    def settle(self):
        """Wait until the page has stopped growing: formulas, pictures and widgets are drawn."""
        height = -1
        while height != (now := self.height()):
            height = now
            self.page.wait_for_function(DRAWN)
            self.page.wait_for_timeout(1000)

    def height(self):
        """The bottom of the last cell; below it JupyterLab leaves a screen empty."""
        return self.page.evaluate("""() => {
            const all = document.querySelector('.jp-WindowedPanel-inner');
            const last = [...all.querySelectorAll('.jp-Notebook-cell')].at(-1);
            return last.getBoundingClientRect().bottom - all.getBoundingClientRect().top;
        }""")

    def photograph(self, name, folder):
        """Write the notebook from top to bottom as pictures of one screen, a line shared by two."""
        panel = self.page.locator(".jp-WindowedPanel-outer").first
        box, end, files = panel.bounding_box(), int(self.height()), []
        for top in range(0, end, int(box["height"]) - 40):
            panel.evaluate("(panel, top) => { panel.scrollTop = top; }", top)
            self.page.wait_for_timeout(150)
            files.append(folder / f"{name}_{len(files) + 1:02}.png")
            clip = box | {"height": min(box["height"], end - top)}
            self.page.screenshot(path=files[-1], clip=clip)
        return files

    def set_theme(self, theme):
        self.command("apputils:change-theme", theme=THEMES[theme])
        light = str(theme == "light").lower()
        self.page.wait_for_selector(f"body[data-jp-theme-light={light}]", state="attached")
        self.settle()
