"""Deliberate breaks: each takes one guard out of the code, and at least one test has to notice."""
