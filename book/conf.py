"""How Sphinx builds the book. Nothing is executed: the stored outputs are the proven ones."""

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

html_theme = "sphinx_book_theme"
html_title = project
html_static_path = ["_static"]
html_css_files = ["book.css"]
html_theme_options = {
    "show_toc_level": 2,
    "use_download_button": True,
    "use_fullscreen_button": False,
    "home_page_in_toc": True,
}
