"""What the instance says when it refuses something."""


class Refused(Exception):
    """A refusal as the platform words it.

    `status` is the HTTP status that REST callers see; `message` and `detail` are the two texts of the error body.
    """

    def __init__(self, status: int, message: str, detail: str | None = None) -> None:
        super().__init__(f"{status} {message}: {detail}")
        self.status = status
        self.message = message
        self.detail = detail

    def body(self) -> dict[str, object]:
        """The JSON body of the answer."""
        return {"error": {"message": self.message, "detail": self.detail}, "status": "failure"}


def not_found() -> Refused:
    """A record that is not there or that an access control hides: the platform answers both alike."""
    return Refused(404, "No Record found", "Record doesn't exist or ACL restricts the record retrieval")


def unauthenticated() -> Refused:
    """Credentials that the instance doesn't know, or none."""
    return Refused(401, "User Not Authenticated", "Required to provide Auth information")


def acl_exception(operation: str) -> Refused:
    """A write that the access controls refuse; `operation` is Insert, Update or Delete."""
    return Refused(403, "Operation Failed", f"ACL Exception {operation} Failed due to security constraints")


def data_policy_exception(labels: list[str]) -> Refused:
    """Mandatory fields are empty; `labels` are the names that people see."""
    detail = f"Data Policy Exception: The following fields are mandatory: {', '.join(labels)}"
    return Refused(403, "Operation Failed", detail)


def rule_abort(table: str, rule: str, rule_id: str) -> Refused:
    """A before rule called `setAbortAction(true)`."""
    detail = (
        f"Operation against file '{table}' was aborted by Business Rule '{rule}^{rule_id}'. Business Rule Stack:{rule}"
    )
    return Refused(403, "Operation Failed", detail)
