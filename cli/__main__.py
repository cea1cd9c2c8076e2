"""`python -m cli`: the same as `access-bridge`."""

from cli.app import app

app(prog_name="access-bridge")
