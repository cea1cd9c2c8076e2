"""Text of strangers in a ServiceNow field: nothing in it is interpreted, and what is too long is visibly cut."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access_bridge.servicenow.text import CUT_MARK, LENGTHS, cut, plain

HARMFUL = st.lists(
    st.one_of(
        st.sampled_from(["[", "/", "code", "CODE", "]", "[code]", "[/code]", "$", "{", "${", "\r", "\n", "\x1b", " "]),
        st.sampled_from(["\u200b", "\u202e", "\x00", "\u2028", "\ud800", "\U000e0001", "\ufeff"]),
        st.text(max_size=5),
    ),
    max_size=30,
).map("".join)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[code]<a href=x>Approve</a>[/code]", "(code]<a href=x>Approve</a>(/code]"),
        ("[CoDe]x[/CODE]", "(CoDe]x(/CODE]"),
        ("[ / code ]", "( / code ]"),
        ("[co\u200bde]", "(code]"),
        ("[[code]code]", "[(code]code]"),
        ("${mail_script:x}", "$ {mail_script:x}"),
        ("$\u200b{x}", "$ {x}"),
        ("$5 {a}", "$5 {a}"),
        ("one\r\ntwo\rthree\u2028four\x0bfive", "one\ntwo\nthree\nfour\nfive"),
        ("\x1b[31mred\x00", "\ufffd[31mred\ufffd"),
        ("user\u202etxt.exe", "usertxt.exe"),
        ("tab\tstays, [x] too, and Ünïcödé 🔑", "tab\tstays, [x] too, and Ünïcödé 🔑"),
        ("", ""),
    ],
)
def test_markup_templates_and_control_characters_are_only_text(text: str, shown: str) -> None:
    assert plain(text) == shown


@given(HARMFUL)
def test_nothing_that_servicenow_would_interpret_survives(text: str) -> None:
    shown = plain(text)
    folded = "".join(shown.lower().split())
    assert "[code" not in folded
    assert "[/code" not in folded
    assert "${" not in shown
    assert all(c in "\n\t" or unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} for c in shown)
    assert plain(shown) == shown


@given(HARMFUL, st.integers(min_value=0, max_value=60))
def test_a_cut_text_fits_says_so_and_is_not_cut_again(text: str, length: int) -> None:
    shortened = cut(text, length)
    assert len(shortened) <= length
    assert cut(shortened, length) == shortened
    if len(text) <= length:
        assert shortened == text
    elif length >= len(CUT_MARK):
        assert shortened.endswith(CUT_MARK)
        assert text.startswith(shortened.removesuffix(CUT_MARK))


@given(HARMFUL, st.integers(min_value=0, max_value=60))
def test_a_harmless_text_stays_harmless_when_it_is_cut(text: str, length: int) -> None:
    shortened = cut(plain(text), length)
    assert plain(shortened) == shortened


def test_the_columns_lengths_are_those_of_the_dictionary() -> None:
    assert LENGTHS["short_description"] == 160
    assert LENGTHS["work_notes"] == LENGTHS["description"] == LENGTHS["close_notes"] == 4000
    assert LENGTHS["correlation_id"] == LENGTHS["correlation_display"] == 100
