"""Options that more than one command has."""

from __future__ import annotations

from typing import Annotated, Final

import typer

STANDARD_OUTPUT: Final = "-"

Output = Annotated[str, typer.Option("--output", "-o", metavar="FILE", help="Where to write; - is standard output.")]
Region = Annotated[  # boto3 itself knows AWS_DEFAULT_REGION only; the AWS CLI knows both
    str | None, typer.Option(metavar="NAME", envvar="AWS_REGION", help="AWS region.")
]
Profile = Annotated[str | None, typer.Option(metavar="NAME", help="AWS profile.")]
