import pytest

from integrations.files.stage_words import status_of_stage


@pytest.mark.parametrize(
    ("stage", "status"),
    [
        ("Won", "won"),
        ("Closed Won", "won"),
        ("closedwon", "won"),
        ("6 - Closed/Won", "won"),
        ("Gewonnen", "won"),
        ("Gagné", "won"),
        ("Cerrado ganado", "won"),
        ("Lost", "lost"),
        ("Closed - Lost to competitor", "lost"),
        ("Verloren", "lost"),
        ("Perdue", "lost"),
        ("Prospecting", "open"),
        ("Engaging", "open"),
        ("Not won", "open"),
        ("Won or lost", "open"),
        ("Almost won", "open"),
        ("", "open"),
        ("Wonderful idea", "open"),
    ],
)
def test_status_follows_the_words_of_the_stage(stage: str, status: str) -> None:
    assert status_of_stage(stage) == status
