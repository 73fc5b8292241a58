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

from book import launch
from book.chapters import chapter_page, exercise_page, pages_of
from book.checks import checks_page
from book.listings import claims_page, figures_page, index_page, mistakes_page, notation_page
from book.modules import library_page, plots_page

ROOT = Path(__file__).resolve().parents[1]
BOOK = ROOT / "book"
SPHINX = [sys.executable, "-m", "sphinx", "-n", "-W", "--keep-going", "-q", "-b", "html"]


def assemble(source):
    """Bring the sources of all pages into a folder; what has not changed is left as it is."""
    texts = sources()
    for path in [path for path in source.rglob("*") if path.is_file()]:
        if path.relative_to(source).as_posix() not in texts:
            path.unlink()
    for name, text in texts.items():
        path = source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def sources():
    """Return the sources of all pages: {path: text}."""
    kept = [*(BOOK / "pages").iterdir(), BOOK / "conf.py", BOOK / "references.bib"]
    texts = {path.name: path.read_text(encoding="utf-8") for path in kept}
    texts |= {f"_static/{path.name}": path.read_text(encoding="utf-8") for path in (BOOK / "static").iterdir()}
    address, chapters = launch.repository(ROOT), pages_of(ROOT)
    claims, figures = {}, {}
    for chapter, notebook, solutions in chapters:
        links = launch.links(address, f"notebooks/{chapter.slug}")
        page, claims[chapter.number], figures[chapter.number] = chapter_page(notebook, links)
        texts[f"notebooks/{notebook.name}"] = json.dumps(page, ensure_ascii=False)
        if solutions:
            texts[f"exercises/{solutions.name}"] = json.dumps(exercise_page(solutions), ensure_ascii=False)
    notation = notation_page(ROOT / "notebooks/00_start_here.ipynb")
    listings = {"claims": claims_page(claims), "figures": figures_page(figures), "notation": notation}
    listings |= {"mistakes": mistakes_page(), "library": library_page(), "plots": plots_page()}
    listings |= {"checks": checks_page(texts["checks.md"], ROOT)}
    listings |= {"index": index_page(texts["index.md"], [(one, bool(solutions)) for one, _, solutions in chapters])}
    return texts | {f"{name}.md": text for name, text in listings.items()}


def build(out):
    """Build the pages; a warning is an error. Return the folder with the HTML."""
    pages = out / "html"
    assemble(out / "source")
    folders = ["-d", str(out / "doctrees"), str(out / "source"), str(pages)]
    done = subprocess.run([*SPHINX, *folders], cwd=ROOT, check=False)
    if done.returncode:
        raise SystemExit(done.returncode)
    prune(pages / "_static")
    notebooks = {}
    for chapter, notebook, solutions in pages_of(ROOT):
        notebooks[f"notebooks/{chapter.slug}"] = notebook
        if solutions:
            notebooks[f"exercises/{chapter.slug}"] = ROOT / "exercises" / solutions.name
    launch.write_notebooks(launch.repository(ROOT), notebooks, pages)
    return pages


def prune(static):
    """Leave out what no page asks for: MathJax's other inputs and outputs, translations, maps of minified files."""
    mathjax = static / "mathjax"
    shutil.rmtree(static / "locales", ignore_errors=True)
    for path in [*mathjax.rglob("*"), *static.rglob("*.map")]:
        used = path.name == "tex-chtml.js" or mathjax / "output/chtml/fonts" in path.parents
        if path.is_file() and not used:
            path.unlink()


def serve(pages, port):
    """Serve the pages on this machine alone until Ctrl-C."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=pages)
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        print(f"The book is at http://127.0.0.1:{server.server_port}; Ctrl-C ends it.", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--serve", action="store_true", help="serve it on 127.0.0.1 when it is built")
    parser.add_argument("--port", type=int, default=8000, help="0: any free one")
    parser.add_argument("--out", type=Path, default=ROOT / "build/book")
    options = parser.parse_args()
    pages = build(options.out.resolve())
    print(f"The book is in {pages.relative_to(ROOT) if pages.is_relative_to(ROOT) else pages}.", flush=True)
    if options.serve:
        serve(pages, options.port)


if __name__ == "__main__":
    main()
