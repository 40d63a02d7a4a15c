"""Commands in messages: one line that the shell takes apart into the same words."""

from __future__ import annotations

import shlex

import pytest

from cutaway.engine.shell import command

WORDS = ["plain", "my photos", "[old]", "it's", 'a "b"', "a & b; $c", "", "--out=x"]


def test_a_posix_shell_takes_the_line_apart_into_the_same_words() -> None:
    assert shlex.split(command("/my tools/python", *WORDS, windows=False)) == ["/my tools/python", *WORDS]


@pytest.mark.parametrize(
    ("word", "line"),
    [
        (r"C:\Users\me\photo.jpg", r"C:\Users\me\photo.jpg"),
        ("my photos", '"my photos"'),
        ("a&b", '"a&b"'),  # cmd ends a command at &
        ("it's", '"it\'s"'),  # PowerShell begins a text at '
        ("a,b", '"a,b"'),  # PowerShell makes two of it
        ("my photos\\", '"my photos\\\\"'),  # else the backslash would take the mark away
        ('a "b"', '"a \\"b\\""'),
        ("", '""'),
        ("naïve.png", "naïve.png"),
    ],
)
def test_on_windows_words_are_quoted_for_cmd_and_powershell(word: str, line: str) -> None:
    assert command("cutaway", word, windows=True) == f"cutaway {line}"


def test_on_windows_a_program_never_begins_with_a_quotation_mark() -> None:
    """PowerShell would print it as a text instead of running it."""
    assert command(r"C:\Program Files\py\python.exe", windows=True) == r'C:\"Program Files"\py\python.exe'
    assert command(r"my env\Scripts\cutaway.exe", windows=True) == r'.\"my env"\Scripts\cutaway.exe'
