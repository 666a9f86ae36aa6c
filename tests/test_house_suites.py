"""The unit tests leave out files by the mark on the whole file; so every file of database tests carries it."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_every_test_in_a_folder_db_needs_the_database() -> None:
    files = [*ROOT.glob("services/*/tests/db/test_*.py"), *ROOT.glob("libs/*/tests/db/test_*.py")]
    assert files
    for file in files:
        marks = [line for line in file.read_text("utf-8").splitlines() if line.startswith("pytestmark")]
        assert any("pytest.mark.db" in line for line in marks), file
