"""Sphinx configuration: MyST pages, and the API reference from the docstrings."""

from leorn import __version__

project = "LEORN"
author = "The LEORN authors"
copyright = "2026, The LEORN authors"
release = __version__
extensions = ["myst_parser", "sphinx.ext.apidoc", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"LEORN {release}"

apidoc_modules = [{"path": "../src/leorn", "destination": "api", "separate_modules": True, "module_first": True}]
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True, "show-inheritance": False, "exclude-members": "forward"}
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
