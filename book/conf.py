"""How Sphinx builds the book. Nothing is executed: the stored outputs are the proven ones."""

from book import launch

project = "Self-attention from the ground up"
author = "the attnlib course authors"
copyright = "code MIT, text CC BY 4.0"
language = "en"

extensions = ["myst_nb", "sphinxcontrib.bibtex", "sphinx-mathjax-offline"]
myst_enable_extensions = ["dollarmath", "colon_fence", "deflist"]
myst_heading_anchors = 3
myst_update_mathjax = False
nb_execution_mode = "off"
nb_ipywidgets_js = {}  # no widget manager: a page shows a control's picture
bibtex_bibfiles = ["references.bib"]

repository = launch.repository()
html_theme = "sphinx_book_theme"
html_title = project
html_static_path = ["_static"]
html_css_files = ["book.css"]
html_context = {"default_mode": "auto"}
html_show_search_summary = False  # from disk a browser may not read the other pages
html_copy_source = html_show_sourcelink = repository is not None  # only what can be run is given away
html_theme_options = {
    "show_toc_level": 2,
    "use_fullscreen_button": False,
    "home_page_in_toc": True,
    "navbar_start": [],
    "navbar_persistent": [],
} | launch.theme_options(repository)


def mend(app, pagename, templatename, context, doctree):
    """Lead Colab to a notebook that installs attnlib; say in the bibliography that its entries are a list's."""
    launch.point_to_colab(repository, pagename, context.get("header_buttons", ()))
    if "body" in context:
        context["body"] = context["body"].replace('role="doc-biblioentry"', 'role="listitem"')


def setup(app):
    app.connect("html-page-context", mend, priority=900)
