"""For all tests: generated cases have no time limit each, for the machine may be busy. Sockets reach this machine only
(`--allow-hosts` in pyproject.toml); they are not turned off test by test, since other tests' servers share the process.
"""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
