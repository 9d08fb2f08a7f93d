"""What the engine refuses, each with a sentence that names the offending row, pool or stage."""


class FeasibilityError(ValueError):
    """Something given to the engine cannot be reckoned with."""


class OutsideAxis(FeasibilityError):
    """A date or an index that lies outside the planning axis."""


class MissingCapacity(FeasibilityError):
    """A pool without capacity was asked for figures; missing is never treated as zero."""


class BadBook(FeasibilityError):
    """A pool's rows or capacity do not have the shape that the engine needs."""


class BadAsk(FeasibilityError):
    """An ask that makes no sense, such as a quantity of zero or a due day before the start."""


class BrokenPlan(RuntimeError):
    """A yes could not be backed by a schedule: a fault of the engine, never an answer."""
