"""Records through PySNC: made, read back with what people see, changed, deleted."""

from datetime import UTC, datetime

from local.servicenow.instance import ServiceNowInstance
from tests.contract.servicenow_pysnc.conftest import Client, found, new_incident

# What PySNC's own tests choose for a new record of a real instance.
CHOSEN_ID = "AAAABBBBCCCCDDDDEEEEFFFF00001111"


def _user(sn: ServiceNowInstance, user_name: str) -> str:
    return next(row["sys_id"] for row in sn.rows("sys_user") if row["user_name"] == user_name)


def test_an_incident_is_made_and_read_back(tickets: Client) -> None:
    made = new_incident(tickets, short_description="Access for alice", urgency="2", no_such_field="ignored")
    assert made.get_value("number").startswith("INC")
    assert "no_such_field" not in made
    again = found(tickets, made.get_value("sys_id"))
    assert again.get_value("short_description") == "Access for alice"
    assert again.get_value("number") == made.get_value("number")
    assert again.get_value("sys_created_by") == "svc.access.bridge.tickets"


def test_a_chosen_sys_id_is_kept_as_it_is_written(tickets: Client) -> None:
    assert new_incident(tickets, sys_id=CHOSEN_ID).get_value("sys_id") == CHOSEN_ID
    assert found(tickets, CHOSEN_ID)


def test_references_and_choices_show_what_people_see(sn: ServiceNowInstance, tickets: Client) -> None:
    alice = _user(sn, "alice")
    made = new_incident(tickets, caller_id=alice, urgency="1")
    assert (made.get_value("caller_id"), made.get_display_value("caller_id")) == (alice, "Alice Engineer")
    assert (made.get_value("state"), made.get_display_value("state")) == ("1", "New")
    assert made.get_display_value("urgency") == "1 - High"


def test_fields_can_be_chosen_and_walked_through_a_reference(sn: ServiceNowInstance, tickets: Client) -> None:
    sys_id = new_incident(tickets, caller_id=_user(sn, "alice")).get_value("sys_id")
    record = tickets.GlideRecord("incident")
    record.fields = "number,caller_id,caller_id.email"
    assert record.get(sys_id)
    assert set(record.serialize()) == {"sys_id", "number", "caller_id", "caller_id.email"}
    assert record.caller_id.email == "alice@example.test"


def test_dates_are_utc_and_shown_in_the_users_zone(sn: ServiceNowInstance, tickets: Client, erin: Client) -> None:
    noon = datetime(2026, 11, 2, 12, tzinfo=UTC)
    sn.set_clock(noon.timestamp)
    made = new_incident(tickets)
    assert made.sys_created_on.date_value() == noon
    assert made.get_display_value("sys_created_on") == "2026-11-02 12:00:00"
    seen = found(erin, made.get_value("sys_id"))
    assert seen.sys_created_on.date_value() == noon
    assert seen.get_display_value("sys_created_on") == "2026-11-02 04:00:00"


def test_an_update_sends_what_changed_and_brings_back_what_the_instance_made_of_it(
    sn: ServiceNowInstance, erin: Client
) -> None:
    record = new_incident(erin, short_description="Laptop is slow", urgency="3", impact="3")
    record.urgency, record.impact = "1", "1"
    assert record.changes()
    assert record.update() == record.get_value("sys_id")
    assert sn.calls[-1].body == {"urgency": "1", "impact": "1"}
    assert (record.get_value("priority"), record.get_display_value("priority")) == ("1", "1 - Critical")
    assert record.get_value("sys_mod_count") == "1"
    assert record.get_value("short_description") == "Laptop is slow"


def test_a_person_resolves_an_incident(erin: Client) -> None:
    record = new_incident(erin)
    record.state, record.close_code, record.close_notes = "6", "Solution provided", "Battery replaced"
    assert record.update()
    seen = found(erin, record.get_value("sys_id"))
    assert (seen.get_display_value("state"), seen.get_display_value("resolved_by")) == ("Resolved", "Erin Desk")


def test_work_notes_are_appended_and_read_back_newest_first(sn: ServiceNowInstance, erin: Client) -> None:
    record = new_incident(erin)
    for note in ("asked for approval", "approved", "approved"):
        record.work_notes = note
        assert record.update()
    sys_id = record.get_value("sys_id")
    assert sn.work_notes(sys_id) == ["asked for approval", "approved", "approved"]
    seen = found(erin, sys_id)
    assert seen.get_value("work_notes") == ""
    entries = seen.get_display_value("work_notes").strip().split("\n\n")
    assert [entry.splitlines()[1] for entry in entries] == ["approved", "approved", "asked for approval"]
    assert all("Erin Desk (Work notes)" in entry for entry in entries)


def test_the_journal_is_a_table_for_those_who_may_read_it(erin: Client, admin: Client) -> None:
    record = new_incident(erin)
    record.work_notes = "seen by the desk"
    assert record.update()
    journal = admin.GlideRecord("sys_journal_field")
    journal.add_query("element_id", record.get_value("sys_id"))
    journal.add_query("element", "work_notes")
    journal.query()
    assert [(entry.get_value("value"), entry.get_value("sys_created_by")) for entry in journal] == [
        ("seen by the desk", "erin")
    ]


def test_who_may_delete_deletes(erin: Client, admin: Client) -> None:
    sys_id = new_incident(erin).get_value("sys_id")
    assert found(admin, sys_id).delete()
    assert not admin.GlideRecord("incident").get(sys_id)
