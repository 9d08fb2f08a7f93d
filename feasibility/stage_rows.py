"""Stages of an assessment as rows of a book."""

from collections.abc import Sequence

import numpy as np

from feasibility.assessment import StageWindow
from feasibility.rows import WorkRows


def work_of(stages: Sequence[StageWindow], wide: bool = False) -> WorkRows:
    """One row for each stage, with its milestones or with its wide window."""
    fields = [
        (stage.earliest, stage.latest, stage.minutes, stage.limit)
        if wide
        else (stage.start, stage.due, stage.minutes, stage.limit)
        for stage in stages
    ]
    return WorkRows(*np.array(fields, np.int64).reshape(-1, 4).T)
