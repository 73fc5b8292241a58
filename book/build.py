"""Build the book from the stored notebooks, and serve it on this machine.

    python -m book.build [--serve] [--port 8000]

Nothing is run and nothing is fetched. The pages are put together in build/book/source and written to build/book/html.
"""

import argparse
import functools
import http.server
import json
import shutil
import subprocess
import sys
from pathlib import Path

from book.chapters import chapter_page, exercise_page, pages_of
from book.listings import claims_page, figures_page, library_page, mistakes_page, notation_page

ROOT = Path(__file__).resolve().parents[1]
BOOK = ROOT / "book"


def assemble(source):
    """Write the sources of all pages into a folder."""
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(BOOK / "pages", source)
    shutil.copytree(BOOK / "static", source / "_static")
    for name in ("conf.py", "references.bib"):
        shutil.copy(BOOK / name, source / name)
    claims, figures = {}, {}
    for chapter, notebook, solutions in pages_of(ROOT):
        page, claims[chapter.number], figures[chapter.number] = chapter_page(notebook)
        _write(source / "notebooks" / notebook.name, page)
        if solutions:
            _write(source / "exercises" / solutions.name, exercise_page(solutions))
    listings = {"claims": claims_page(claims), "figures": figures_page(figures)}
    listings |= {"notation": notation_page(ROOT / "notebooks/00_start_here.ipynb")}
    listings |= {"mistakes": mistakes_page(), "library": library_page()}
    for name, text in listings.items():
        (source / f"{name}.md").write_text(text, encoding="utf-8")
    (source / "index.md").write_text(_index(), encoding="utf-8")


def build(out):
    """Build the pages; a warning is an error. Return the folder with the HTML."""
    source, pages = out / "source", out / "html"
    assemble(source)
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-n",
        "-W",
        "--keep-going",
        "-q",
        "-b",
        "html",
        "-d",
        str(out / "doctrees"),
    ]
    done = subprocess.run([*command, str(source), str(pages)], cwd=ROOT, check=False)
    if done.returncode:
        raise SystemExit(done.returncode)
    _prune(pages / "_static")
    return pages


def serve(pages, port):
    """Serve the pages on this machine alone until Ctrl-C."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=pages)
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        print(f"The book is at http://127.0.0.1:{server.server_port}; Ctrl-C ends it.")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()


def _index():
    text = (BOOK / "pages/index.md").read_text(encoding="utf-8")
    chapters = [f"notebooks/{chapter.slug}" for chapter, _, _ in pages_of(ROOT)]
    exercises = [f"exercises/{chapter.slug}" for chapter, _, solutions in pages_of(ROOT) if solutions]
    return text.replace("{{ chapters }}", "\n".join(chapters)).replace("{{ exercises }}", "\n".join(exercises))


def _prune(static):
    """Leave out what no page asks for: MathJax's other inputs and outputs, and the maps of minified files."""
    mathjax = static / "mathjax"
    for path in [*mathjax.rglob("*"), *static.rglob("*.map")]:
        used = path.name == "tex-chtml.js" or mathjax / "output/chtml/fonts" in path.parents
        if path.is_file() and not used:
            path.unlink()


def _write(path, notebook):
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(notebook, ensure_ascii=False), encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--serve", action="store_true", help="serve it on 127.0.0.1 when it is built")
    parser.add_argument("--port", type=int, default=8000, help="0: any free one")
    parser.add_argument("--out", type=Path, default=ROOT / "build/book")
    options = parser.parse_args()
    pages = build(options.out)
    print(f"The book is in {pages.relative_to(ROOT) if pages.is_relative_to(ROOT) else pages}.")
    if options.serve:
        serve(pages, options.port)


if __name__ == "__main__":
    main()
