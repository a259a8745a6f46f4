"""The conditions of a query, and the values that they look at.

A tag or a property that a resource does not have counts as the empty text. `==`, `!=` and `in` compare texts exactly,
`=~`, `!~` and `in~` without regard to case. The names of tags and properties are compared exactly.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]
Condition = Callable[[Row], bool]


@dataclass(frozen=True, slots=True)
class Path:
    """A column, or what is below one: `tags['role']`, `properties.virtualMachineProfile`."""

    steps: tuple[str, ...]

    @property
    def name(self) -> str:
        """Return the name of the column that it makes: `tags.role` makes `tags_role` (documented of Kusto)."""
        return "_".join(self.steps)

    def of(self, row: Row) -> Any:
        """Return the value in a row; None where there is none."""
        value: Any = row
        for step in self.steps:
            value = value.get(step) if isinstance(value, dict) else None
        return value

    def text(self, row: Row) -> str:
        """Return the value in a row as it is compared."""
        value = self.of(row)
        return "" if value is None else str(value)


def compared(path: Path, sign: str, wanted: tuple[str, ...]) -> Condition:
    """Return the condition that the value is one of those `wanted`, or for `!=` and `!~` none of them."""
    folds = sign.endswith("~")
    known = {each.casefold() if folds else each for each in wanted}
    negated = sign.startswith("!")
    return lambda row: ((path.text(row).casefold() if folds else path.text(row)) in known) is not negated


def all_of(conditions: list[Condition]) -> Condition:
    """Return the condition that all of these hold."""
    return lambda row: all(each(row) for each in conditions)


def any_of(conditions: list[Condition]) -> Condition:
    """Return the condition that one of these holds."""
    return lambda row: any(each(row) for each in conditions)
