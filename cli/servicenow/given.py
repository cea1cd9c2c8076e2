"""What the operator hands over: secrets from a prompt or a file and never from the command line, and addresses."""

from __future__ import annotations

import base64
import binascii
import hashlib
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import typer

from access_bridge.errors import BrokenConfiguration
from access_bridge.servicenow.address import instance_url
from access_bridge.servicenow.credentials import BasicCredentials, Credentials, parse_credentials
from cli.problem import Problem

MIN_KEY_BYTES: Final = 32
KEY_MARK: Final = "access-bridge-"


def credentials(file: Path | None, who: str, user_name: str = "") -> Credentials:
    """Return the credentials of `who`, from a JSON file as the functions' secrets are, or from a prompt.

    Raises
    ------
    Problem
        The file can't be read or isn't of one of the three shapes.
    """
    if file is None:
        name = user_name or typer.prompt(f"User name of {who}", err=True)
        return BasicCredentials(name, typer.prompt(f"Password of {name}", hide_input=True, err=True))
    try:
        return parse_credentials(_text(file))
    except BrokenConfiguration as error:
        raise Problem(f"{file}: {error.problem} {error.fix}") from error


def key(file: Path | None) -> str:
    """Return the callback key, Base64, from a file or a prompt.

    Raises
    ------
    Problem
        It is no Base64 text of at least 32 bytes. The text is not repeated.
    """
    text = (typer.prompt("Callback key", hide_input=True, err=True) if file is None else _text(file)).strip()
    try:
        long_enough = len(base64.b64decode(text, validate=True)) >= MIN_KEY_BYTES
    except (binascii.Error, ValueError):
        long_enough = False
    if not long_enough:
        raise Problem(
            "The callback key is no Base64 text of at least 32 bytes. Take it as the stack's output "
            "CallbackKeyCommand shows it."
        )
    return text


def key_mark(key_text: str) -> str:
    """Return what tells keys apart and gives none away: it stands in the credential's user name, for a password can't
    be read back."""
    digest = hashlib.sha256(b"access-bridge callback key " + base64.b64decode(key_text)).hexdigest()
    return f"{KEY_MARK}{digest[:12]}"


def callback_url(text: str) -> str:
    """Return the callback's address.

    Raises
    ------
    Problem
        It isn't https (http is taken for loopback alone), has no path, or has a query or a user name.
    """
    try:
        parts = urlsplit(text.strip())
        instance_url(f"{parts.scheme}://{parts.netloc}")
        good = len(parts.path) > 1 and not parts.query and not parts.fragment
    except (ValueError, BrokenConfiguration):
        good = False
    if not good:
        raise Problem("--callback-url: it is no https address with a path. Take the stack's output CallbackUrl.")
    return text.strip()


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise Problem(f"{file} can't be read ({reason}). Name a file that you may read.") from error
