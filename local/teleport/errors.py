"""How the cluster says no."""

import contextlib
from collections.abc import Iterator

from grpclib.const import Status


class RefusedError(Exception):
    """A call that Teleport answers with a gRPC status other than OK.

    `status` and `message` are what the caller gets on the wire.
    """

    def __init__(self, status: Status, message: str) -> None:
        super().__init__(f"{status.name}: {message}")
        self.status = status
        self.message = message


@contextlib.contextmanager
def within(step: str) -> Iterator[None]:
    """Puts the step at which a call was refused above the refusal, which moves in by a tab (recorded)."""
    try:
        yield
    except RefusedError as error:
        indented = error.message.replace("\n", "\n\t")
        raise RefusedError(error.status, f"{step}\n\t{indented}") from error


def access_denied(message: str) -> RefusedError:
    """PERMISSION_DENIED."""
    return RefusedError(Status.PERMISSION_DENIED, message)


def bad_parameter(message: str) -> RefusedError:
    """INVALID_ARGUMENT."""
    return RefusedError(Status.INVALID_ARGUMENT, message)


def not_found(message: str) -> RefusedError:
    """NOT_FOUND."""
    return RefusedError(Status.NOT_FOUND, message)


def not_implemented(message: str) -> RefusedError:
    """UNIMPLEMENTED."""
    return RefusedError(Status.UNIMPLEMENTED, message)


def already_exists(message: str) -> RefusedError:
    """ALREADY_EXISTS."""
    return RefusedError(Status.ALREADY_EXISTS, message)
