"""A person at work in the cluster, without network: what `tsh request` does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Literal

from local.teleport import request_service
from local.teleport.caller import Caller
from local.teleport.errors import not_found
from local.teleport.proto import local_teleport_pb2 as pb
from local.teleport.state import ClusterState
from local.teleport.times import SECOND, now_ns, timestamp

_SESSION = 12 * 3600 * SECOND


class UserClient:
    """Acts as one user, under the rules that hold for him. Every method raises RefusedError as a call would."""

    def __init__(self, state: ClusterState, user: str) -> None:
        self._state = state
        self._name = user

    def _caller(self) -> Caller:
        user = self._state.user(self._name)
        if user is None:
            raise not_found(f'"user" "{self._name}" does not exist')
        bot = self._state.bots.get(user.bot_name)
        roles = bot.roles if bot else user.roles
        caller = Caller(user.name, roles, bot_name=user.bot_name, session_end=now_ns() + _SESSION, has_touched_key=True)
        self._state.check_caller(caller)
        return caller

    def create_request(  # noqa: PLR0913 - the options of `tsh request create`
        self,
        roles: Sequence[str],
        reason: str = "",
        *,
        ttl: timedelta | None = None,
        max_duration: timedelta | None = None,
        resources: Sequence[str] = (),
        suggested_reviewers: Sequence[str] = (),
        assume_start: timedelta | None = None,
        long_term: bool = False,
    ) -> str:
        """`tsh request create`. The new id.

        `ttl`: how long the request may stay undecided. `max_duration`: how long the access may last. `resources`:
        written `/cluster/kind/name`. `assume_start`: how long from now the access begins. `long_term`: access is to
        come by an access list and to stay; ValueError where the server knows no such requests.
        """
        if long_term and not self._state.on_behalf:
            raise ValueError(f"{self._state.version} knows no long-term requests: make the cluster with on_behalf=True")
        now, asked = now_ns(), pb.AccessRequestV3()
        asked.Spec.User, asked.Spec.RequestReason = self._name, reason
        asked.Spec.Roles.extend(roles)
        asked.Spec.SuggestedReviewers.extend(suggested_reviewers)
        if long_term:
            asked.Spec.RequestKind = pb.AccessRequestSpecV3.LONG_TERM
        for resource in resources:
            _, cluster, kind, name = resource.split("/", maxsplit=3)
            asked.Spec.RequestedResourceIDs.add(ClusterName=cluster, Kind=kind, Name=name)
        for field, duration in (
            (asked.Metadata.Expires, ttl),
            (asked.Spec.MaxDuration, max_duration),
            (asked.Spec.AssumeStartTime, assume_start),
        ):
            if duration is not None:
                field.CopyFrom(timestamp(now + int(duration.total_seconds() * SECOND)))
        with self._state.mutex:
            return request_service.create(self._state, self._caller(), asked).Metadata.Name

    def review(self, request_id: str, state: Literal["APPROVED", "DENIED"], reason: str = "") -> str:
        """`tsh request review`. The state after it."""
        submission = pb.AccessReviewSubmission(RequestID=request_id)
        submission.Review.ProposedState = pb.APPROVED if state == "APPROVED" else pb.DENIED
        submission.Review.Reason = reason
        with self._state.mutex:
            request = request_service.submit_review(self._state, self._caller(), submission)
        return pb.RequestState.Name(request.Spec.State)
