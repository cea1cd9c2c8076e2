"""What is true about the people of a world and what they decided, whatever the systems say: kept by the test itself,
with nothing of the product's.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.contract.decisions.authority_world import Account, Status, Vote, World


@dataclass(slots=True)
class Human:
    """Somebody as he is now. `address` is his own, which administrators know and Teleport has; `mail` is what
    ServiceNow has; `accounts` are his Teleport users by name."""

    place: int
    user_name: str
    name: str
    sys_id: str
    address: str
    mail: str
    status: Status
    groups: set[int]
    accounts: dict[str, Account]
    level: int


@dataclass(frozen=True, slots=True)
class Decision:
    """What a human really decided. `instead_of`: whose delegate he was."""

    who: int
    request: int
    vote: Vote
    number: int
    instead_of: int | None = None


@dataclass(slots=True)
class Approval:
    """An approval as it really stands: whose it is to give, and the last human who gave it, if one did who may."""

    request: int
    approver: int
    last: Decision | None = None


@dataclass(slots=True)
class Truth:
    """All of it. `rows`: the decision that a row stands for, None where nobody made it."""

    world: World
    people: list[Human]
    rows: dict[str, Decision | None] = field(default_factory=dict)
    row_approvals: dict[str, str] = field(default_factory=dict)
    approvals: dict[str, Approval] = field(default_factory=dict)
    delegates: set[tuple[int, int]] = field(default_factory=set)
    decisions: list[Decision] = field(default_factory=list)
    spent: set[int] = field(default_factory=set)
    reviewed: set[tuple[int, int]] = field(default_factory=set)

    def decided(self, who: int, request: int, vote: Vote, instead_of: int | None = None) -> Decision:
        """Note that somebody decides now."""
        decision = Decision(who, request, vote, len(self.decisions), instead_of)
        self.decisions.append(decision)
        return decision

    def stands_for(self, row: str) -> Decision | None:
        """Return the decision that a row stands for now: for a vote, the last one on its approval."""
        approval = self.approvals.get(self.row_approvals.get(row, ""))
        return approval.last if approval else self.rows[row]

    def why_not(self, decision: Decision | None, request: int, vote: Vote) -> str:
        """Return why nothing may become of a row in Teleport now; empty where something may."""
        if decision is None:
            return "no human decided that"
        human, ask = self.people[decision.who], self.world.asks[request]
        against = {
            "the human decided something else": (decision.request, decision.vote) != (request, vote),
            "it is the requester's own": request in {decision.who, decision.instead_of},
            f"the human is {human.status}": human.status != "active",
            "the human took it back": vote == "approved" and any(one.vote != vote for one in self._later(decision)),
            "the decision counted already": decision.number in self.spent,
        }
        found = [problem for problem, is_so in against.items() if is_so]
        return "; ".join(filter(None, (*found, self._limits(request, vote), self._authority(human, ask.roles))))

    def _later(self, decision: Decision) -> list[Decision]:
        same = (one for one in self.decisions if (one.who, one.request) == (decision.who, decision.request))
        return [one for one in same if one.number > decision.number]

    def _limits(self, request: int, vote: Vote) -> str:
        ask = self.world.asks[request]
        if ask.begins != "pending":
            return f"the request is {ask.begins}"
        if vote == "approved" and self.world.never and "dba" in ask.roles:
            return "the rules never let that role be approved"
        return ""

    def _authority(self, human: Human, roles: tuple[str, ...]) -> str:
        world = self.world
        if not world.grouped:
            return "" if world.mode == "on_behalf" else "no group may decide"
        needed = {1 if world.by_role and role == "dba" else 0 for role in roles}
        return "" if needed <= human.groups else "the human is not in the group"

    def on_call(self, request: int) -> str:
        """Return why a requester is not to be approved for being on call; empty where he is."""
        human, ask = self.people[request], self.world.asks[request]
        if not self.world.on_call or ask.roles != ("dba",):
            return "no rule approves that"
        if human.level != 1:
            return "the requester is not on call"
        if human.status != "active":
            return f"the requester is {human.status}"
        return self._limits(request, "approved")
