"""Weights that ship with the package; README.md says what the files are."""
