"""Worlds of people and what happens in them, as plain values, and how to draw them at random.

A person is one human: one ServiceNow user, any number of Teleport users. Administrators give out user names, Teleport
users, traits, groups and the table of the rules, and give them to the right person. One of the people is out to cheat,
and changes his own e-mail address in ServiceNow, except where the rules map by it (then, as the documentation demands,
nobody can). His accomplices, if he has any, do nothing that they may not do themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar

from hypothesis import strategies as st

Vote = Literal["approved", "rejected"]
Mode = Literal["bot", "on_behalf", "set_state"]
Mapping = Literal["user_name", "email", "trait:servicenow"]
Status = Literal["active", "inactive", "locked_out", "web_services_only", "integration"]
Begins = Literal["pending", "approved", "denied", "expired", "long_term"]
Naming = Literal["user_name", "upper", "email", "other"]


@dataclass(frozen=True, slots=True)
class Mail:
    """An e-mail address, or what somebody sets as one: of whom it is, and in which case it is written."""

    kind: Literal["address", "user_name", "account", "shared", "none"] = "address"
    of: int = 0
    upper: bool = False


@dataclass(frozen=True, slots=True)
class Account:
    """A Teleport user: how he is called, whether he may review, and what his traits say besides his own address."""

    naming: Naming = "user_name"
    reviewer: bool = True
    trait: bool = True


@dataclass(frozen=True, slots=True)
class Person:
    """One human. `listed` is the account for which the rules' table has an entry; `level` is his place on the rota."""

    accounts: tuple[Account, ...]
    mail: Mail
    status: Status = "active"
    groups: tuple[int, ...] = (0, 1)
    clicks: bool = True
    admin: bool = False
    listed: int | None = None
    level: int = 0


@dataclass(frozen=True, slots=True)
class Ask:
    """An access request: of the person at the same place, with one of his accounts."""

    account: int = 0
    roles: tuple[str, ...] = ("dba",)
    begins: Begins = "pending"


@dataclass(frozen=True, slots=True)
class World:
    """What holds when it begins. `able`: the Teleport server knows reviews in another user's name."""

    mode: Mode
    mapping: Mapping
    able: bool
    grouped: bool
    by_role: bool
    never: bool
    on_call: bool
    threshold: int
    cheat: int
    people: tuple[Person, ...]
    asks: tuple[Ask, ...]


# ---- what happens


@dataclass(frozen=True, slots=True)
class Click:
    """Somebody clicks on a ticket; `sent`: its callback arrives at once."""

    who: int
    ticket: int
    vote: Vote
    sent: bool


@dataclass(frozen=True, slots=True)
class Forge:
    """Somebody puts a row into the table of decisions. `made_by` is what the server writes about it: never another
    human."""

    who: int
    decided_by: int
    made_by: Literal["who", "system", "nobody"]
    ticket: int
    request: int
    vote: Vote
    approval: int | None
    sent: bool


@dataclass(frozen=True, slots=True)
class Send:
    """The callback of a row arrives: again, late, or saying something else than the row."""

    row: int
    request: int | None
    ticket: int | None
    flipped: bool


@dataclass(frozen=True, slots=True)
class AskApproval:
    """A flow asks somebody for his approval of a ticket."""

    who: int
    ticket: int


@dataclass(frozen=True, slots=True)
class CastVote:
    """Somebody sets an approval, his own or another's."""

    who: int
    approval: int
    vote: Vote
    sent: bool


@dataclass(frozen=True, slots=True)
class AutoVote:
    """A time-out, mail from a stranger, an integration or another person's flow sets an approval."""

    by: Literal["system", "guest", "svc.access.bridge.tickets"]
    approval: int
    vote: Vote
    sent: bool


@dataclass(frozen=True, slots=True)
class RepeatVote:
    """The rule that records votes runs once more."""

    approval: int


@dataclass(frozen=True, slots=True)
class Comment:
    """An approver writes a comment on his approval, and leaves its state as it is."""

    approval: int


@dataclass(frozen=True, slots=True)
class Delegate:
    """An approver records a delegate."""

    who: int
    to: int


@dataclass(frozen=True, slots=True)
class SetMail:
    """The cheat changes his e-mail address in ServiceNow."""

    mail: Mail


@dataclass(frozen=True, slots=True)
class Administer:
    """An administrator changes somebody: takes him out of a group, renames him, ends his employment, or lets one of his
    Teleport users go."""

    who: int
    what: Literal["group_0", "group_1", "rename", "deactivate", "account"]


@dataclass(frozen=True, slots=True)
class OwnReview:
    """Somebody reviews in Teleport itself."""

    who: int
    request: int
    vote: Vote


@dataclass(frozen=True, slots=True)
class LookOnCall:
    """The bridge looks whether a requester is on call."""

    request: int


@dataclass(frozen=True, slots=True)
class Retarget:
    """Somebody with rights on incidents writes another request's id onto a ticket."""

    ticket: int
    request: int


@dataclass(frozen=True, slots=True)
class Wait:
    """Seconds pass."""

    seconds: int


Action = (
    Click
    | Forge
    | Send
    | AskApproval
    | CastVote
    | AutoVote
    | RepeatVote
    | Comment
    | Delegate
    | SetMail
    | Administer
    | OwnReview
    | LookOnCall
    | Retarget
    | Wait
)

# ---- drawing them

_ASKERS: Final = 2
_SEVERAL: Final = st.integers(0, 7)
"""An index into what there is by then, taken modulo."""

_T = TypeVar("_T")


def _mostly(usual: _T, *others: _T) -> st.SearchStrategy[_T]:
    """The usual one in twelve cases of thirteen, for many unusual things at once only ever lead to one refusal."""
    return st.sampled_from((usual,) * 12 * len(others) + others)


_votes = st.sampled_from(("approved", "approved", "approved", "rejected"))
_sent = _mostly(True, False)
_requests = st.sampled_from((0, 0, 0, 1))
_mails = st.builds(
    Mail, st.sampled_from(("address", "user_name", "account", "shared", "none")), _SEVERAL, st.booleans()
)


_NAMINGS: Final[tuple[Naming, ...]] = ("user_name", "upper", "email", "other")


@st.composite
def _accounts(draw: st.DrawFn, mapping: Mapping, least: int) -> tuple[Account, ...]:
    """One Teleport user, usually as the mapping has it, or two; none at times, where the least is 0."""
    first: Naming = draw(_mostly("email" if mapping == "email" else "user_name", *_NAMINGS))
    second = draw(st.sampled_from([naming for naming in _NAMINGS if naming != first]))
    several = draw(st.sampled_from((1, 2, 1, 2, 0)))
    namings = (first, second)[: max(several, least)]
    return tuple(Account(naming, draw(_mostly(True, False)), draw(_mostly(True, False))) for naming in namings)


@st.composite
def _person(draw: st.DrawFn, place: int, mapping: Mapping) -> Person:
    accounts = draw(_accounts(mapping, 1 if place < _ASKERS else 0))
    return Person(
        accounts,
        Mail(draw(_mostly("address", "shared", "none")), place, draw(_mostly(False, True))),
        status=draw(_mostly("active", "inactive", "locked_out", "web_services_only", "integration")),
        groups=draw(_mostly((0, 1), (0,), (1,), ())),
        clicks=draw(_mostly(True, False)),
        admin=draw(_mostly(False, True)),
        listed=draw(st.sampled_from((None, None, *range(len(accounts))))),
        level=draw(st.sampled_from((1, 0, 2))),
    )


_asks = st.builds(
    Ask,
    account=_SEVERAL,
    roles=_mostly(("dba",), ("prod-access",), ("dba", "prod-access")),
    begins=_mostly("pending", "approved", "denied", "expired", "long_term"),
)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A world of three or four people, of whom the first two have a request each."""
    mapping: Mapping = draw(st.sampled_from(("user_name", "email", "trait:servicenow")))
    asks = draw(st.tuples(*[_asks] * _ASKERS))
    long_term = any(ask.begins == "long_term" for ask in asks)  # only newer servers know such requests
    return World(
        mode=draw(st.sampled_from(("bot", "on_behalf", "set_state"))),
        mapping=mapping,
        able=long_term or draw(_mostly(True, False)),
        grouped=draw(_mostly(True, False)),
        by_role=draw(st.booleans()),
        never=draw(_mostly(False, True)),
        on_call=draw(st.booleans()),
        threshold=draw(st.sampled_from((1, 2))),
        cheat=draw(st.sampled_from((0, 0, 2))),
        people=tuple(draw(_person(place, mapping)) for place in range(draw(st.integers(3, 4)))),
        asks=asks,
    )


def actions(world: World) -> st.SearchStrategy[list[Action]]:
    """What happens in a world, in order."""
    who = st.integers(0, len(world.people) - 1)
    by: st.SearchStrategy[Any] = st.sampled_from(("system", "guest", "svc.access.bridge.tickets"))
    drawn: dict[str, tuple[int, st.SearchStrategy[Any]]] = {
        "click": (6, st.builds(Click, who, _requests, _votes, _sent)),
        "cheat's click": (3, st.builds(Click, st.just(world.cheat), st.just(0), _votes, _sent)),
        "forge": (
            2,
            st.builds(
                Forge,
                who=who,
                decided_by=who,
                made_by=st.sampled_from(("who", "who", "system", "nobody")),
                ticket=_requests,
                request=_requests,
                vote=_votes,
                approval=st.none() | _SEVERAL,
                sent=_sent,
            ),
        ),
        "send": (2, st.builds(Send, _SEVERAL, _mostly(None, 0, 1), _mostly(None, 0, 1), _mostly(False, True))),
        "ask approval": (3, st.builds(AskApproval, who, _requests)),
        "cast vote": (4, st.builds(CastVote, who, _SEVERAL, _votes, _sent)),
        "auto vote": (1, st.builds(AutoVote, by, _SEVERAL, _votes, _sent)),
        "repeat vote": (1, st.builds(RepeatVote, _SEVERAL)),
        "delegate": (1, st.builds(Delegate, who, who)),
        "administer": (
            2,
            st.builds(Administer, who, st.sampled_from(("group_0", "group_1", "rename", "deactivate", "account"))),
        ),
        "own review": (1, st.builds(OwnReview, who, _requests, _votes)),
        "on call": (1, st.builds(LookOnCall, _requests)),
        "retarget": (1, st.builds(Retarget, _requests, _requests)),
        "wait": (1, st.builds(Wait, st.sampled_from((1, 2)))),
        "set mail": (0 if world.mapping == "email" else 5, st.builds(SetMail, _mails)),
    }
    kinds = [kind for kind, (weight, _) in drawn.items() for _ in range(weight)]
    return st.lists(st.sampled_from(kinds).flatmap(lambda kind: drawn[kind][1]), min_size=5, max_size=10)
