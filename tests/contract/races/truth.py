"""What must hold of a request's life, whatever happened in what order, with nothing of the product's own judgement.

Not promised, and so not asked for:

- A person who changes the field in which the bridge counts its notes may see a note twice.
- A ticket that somebody closed, canceled or deleted takes no note: what can't be told counts as told.
- One that somebody deleted before the bridge learned that its insert had succeeded is made again.
- Who ends a ticket between the bridge's look at it and its write may be overruled: ServiceNow has no compare-and-set.
- Of a decision whose call was not answered, Teleport may show the wanted state without its id: `applied_unproved`.
- What only an audit event knows (who set a state, who deleted) is told if that event comes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from tests.contract.races.life import STATES, WORDS, Click, Life, Values

_RANK: Final = {"PENDING": 0, "APPROVED": 1, "DENIED": 3}
_CLOSE_CODES: Final = {"approved": "Resolved by request"}
_NOT_GRANTED: Final = "No resolution provided"
_ENDS: Final = {
    "access_request.expire": "Nobody decided before",
    "access_request.delete": "The access request was deleted",
}


def outcomes(life: Life) -> set[str]:
    """Return what became of decisions and of the ticket, for statistics."""
    items = [item for key, item in life.ledger.items() if key.startswith("DECISION#")]
    found = {f"{item.get('kind')}: {item.get('outcome')} ({item.get('code')})" for item in items}
    ticket = life.ledger.get("TICKET", {})
    return found | {f"ticket: {ticket.get('outcome') or 'open'} {ticket.get('ended_by', '')}".strip()}


# ---- at each step


def check(life: Life) -> None:
    """Raise AssertionError where something happened that must never happen."""
    _check_one_ticket(life)
    _check_marks(life)
    if not life.counter_edited:
        true = life.true
        wrong = {fact: (number, true[fact]) for fact, number in life.told.items() if number > true[fact]}
        assert not wrong, f"told more often than it happened: {wrong}\n{life.notes}"


def _check_one_ticket(life: Life) -> None:
    assert len(life.tickets) <= 1, f"{len(life.tickets)} tickets of one request"
    for row in life.tickets:
        assert row["correlation_id"] == life.request_id, "the ticket is another request's"
        if not life.counter_edited:
            shown = row["correlation_display"].rpartition("#")[2]
            assert shown == str(1 + len(life.notes)), f"{row['correlation_display']} with {len(life.notes)} notes"


def _check_marks(life: Life) -> None:
    per_decision = Counter(mark.decision for mark in life.marks)
    assert "" not in per_decision, "the bridge did something for no decision"
    assert set(per_decision.values()) <= {1}, f"a decision was carried to Teleport twice: {per_decision}"
    for mark in life.marks:
        item = life.ledger.get(f"DECISION#{mark.decision}", {})
        assert item.get("attempt_mode"), f"no attempt in the ledger of what stands in Teleport: {item}"
        assert item["attempt_author"] == mark.author, f"{mark.author} did what {item['attempt_author']} was to do"


# ---- at rest


def check_at_rest(life: Life) -> None:
    """Raise AssertionError where something is lost that was begun, once nothing is under way."""
    check(life)
    for click in life.clicks:
        _check_decided(life, click)
    item = life.ledger.get("TICKET", {})
    assert item.get("attempt") is None, "an attempt without an end"
    assert not item.get("failure"), "the mark of a failure stays"
    if life.tickets and not life.closed:
        _check_told(life, Counter(click.fact for click in life.clicks if click.called))


# ---- at the end


def check_end(life: Life) -> None:
    """Raise AssertionError where something is lost, once everything came that still may."""
    check_at_rest(life)
    if life.closed:
        return
    if life.state or any(event["uid"] in life.delivered for event in _announcing(life)):
        assert len(life.tickets) == 1, "a request without a ticket"
    if life.tickets:
        came = [event for event in life.votes if event["uid"] in life.delivered]
        _check_told(life, Counter(life.by_hand(came)))
        if not life.touched:
            _check_ticket(life, life.tickets[0])


def _announcing(life: Life) -> Iterator[Values]:
    """Yield the events of which each makes a ticket."""
    kinds = {"access_request.create", "access_request.review", "access_request.update"}
    return (event for event in life.events if event["event"] in kinds)


def _check_decided(life: Life, click: Click) -> None:
    item, row = life.ledger.get(f"DECISION#{click.row}", {}), life.rows[click.row]
    outcome, code = item.get("outcome", ""), item.get("code", "")
    assert bool(outcome) == click.called, f"{click} came to {outcome!r}"
    assert row["outcome"] == outcome, f"the row says {row['outcome']!r}, the ledger {outcome!r}"
    carried = [mark for mark in life.marks if mark.decision == click.row]
    assert all(mark.state == STATES[click.vote] for mark in carried), "Teleport has the other vote"
    match outcome:
        case "applied" | "recorded":
            assert len(carried) == 1, f"{outcome}, and Teleport has it {len(carried)} times"
        case "conflict":  # what was carried may have been outvoted or overruled before that was known
            assert code == "conflict", f"a conflict says {code}"
        case "refused" | "withdrawn":
            assert not carried, f"{outcome} ({code}), and Teleport has it"
        case "applied_unproved":
            assert life.doubtful, "no answer was lost, and no invocation"
        case other:
            assert not other, f"an outcome that nobody expects: {other}"


def _check_told(life: Life, wanted: Counter[str]) -> None:
    told = life.told
    untold = {fact: (told[fact], number) for fact, number in wanted.items() if told[fact] != number}
    assert life.counter_edited or not untold, f"told more or less often than it happened: {untold}\n{life.notes}"


def _check_ticket(life: Life, row: Values) -> None:
    """The ticket says of the request's end what Teleport says, as far as the bridge can know."""
    everything_came = all(event["uid"] in life.delivered for event in life.events)
    if not life.state and not everything_came:
        assert row["state"] == "6", "the ticket of a request that is gone is still open"
        return
    states = [event["state"] for event in life.votes] if everything_came else []
    state = max([*states, life.state or "PENDING"], key=lambda name: _RANK[name])
    if word := WORDS.get(state):
        assert row["state"] == "6", f"{word} in Teleport, and the ticket is open"
        _check_closing(row, _CLOSE_CODES.get(word, _NOT_GRANTED), f"The access request was {word} in Teleport.")
        assert life.counter_edited or life.told[f"The request is {word}."] == 1, f"nobody is told that it is {word}"
    elif life.state:
        assert row["state"] == "1", "nobody decided, and the ticket is not new"
        assert not row["close_code"], "nobody decided, and the ticket has a close code"
    else:
        (end,) = (text for kind, text in _ENDS.items() if any(event["event"] == kind for event in life.events))
        assert row["state"] == "6", "the request is over, and the ticket is open"
        _check_closing(row, _NOT_GRANTED, end)


def _check_closing(row: Values, code: str, beginning: str) -> None:
    assert row["close_code"] == code, f"the ticket was closed as {row['close_code']!r}"
    assert row["close_notes"].startswith(beginning), f"the ticket was closed with {row['close_notes']!r}"
