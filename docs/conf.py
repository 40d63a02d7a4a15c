"""How Sphinx makes the site; `python docs/build.py` is what calls it, on the sources that it has put together."""

import cutaway

project = "Cutaway"
author = "the Cutaway contributors"
copyright = author
release = version = cutaway.__version__
extensions = [
    "myst_nb",
    "sphinx-mathjax-offline",
]  # the second brings MathJax along: nothing is asked of other machines
exclude_patterns = ["_build", "**/.ipynb_checkpoints"]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # build.py has executed everything, once, for the tests as well
nb_ipywidgets_js = {}  # widgets live in a notebook; here their words and their pictures stand
nb_mime_priority_overrides = [("html", "application/vnd.jupyter.widget-view+json", None)]
nb_render_markdown_format = "myst"
html_theme = "furo"
html_title = "Cutaway"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"navigation_with_keys": True}
