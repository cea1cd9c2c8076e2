"""How the cluster says no."""

from grpclib.const import Status


class RefusedError(Exception):
    """A call that Teleport answers with a gRPC status other than OK.

    `status` and `message` are what the caller gets on the wire.
    """

    def __init__(self, status: Status, message: str) -> None:
        super().__init__(f"{status.name}: {message}")
        self.status = status
        self.message = message


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
