"""The commands of `leorn`, a file each: `run` with the command's help as its docstring, and `add_options`.

Torch is imported inside `run`, by a command that needs it.
"""
