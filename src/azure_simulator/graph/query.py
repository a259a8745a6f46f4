"""Queries of Resource Graph, read and carried out.

The subset: `resources`, then any of `where`, `project`, `order by` (or `sort by`) and `limit` (or `take`), separated by
`|`. A condition compares a column, a tag (`tags['role']`, `tags.role`) or a property with a text by `==`, `=~`, `!=` or
`!~`, or with a list of texts by `in` or `in~`; `and`, `or` and parentheses join conditions. A query in no such language
gets Azure's 400, and one in more of it the simulator's 501.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from azure_simulator.graph.conditions import Condition, Path, Row, all_of, any_of, compared
from azure_simulator.graph.tokens import Token, parser_failure, read_tokens
from azure_simulator.wire.answers import NotSimulated, Refusal

# The columns of the table (documented, "Azure Resource Graph table and resource type reference").
COLUMNS = (
    *("id", "name", "type", "tenantId", "kind", "location", "resourceGroup", "subscriptionId", "managedBy", "sku"),
    *("plan", "properties", "tags", "identity", "zones", "extendedLocation"),
)
_MORE_OPERATORS = {
    *("as", "count", "distinct", "extend", "getschema", "invoke", "join", "lookup", "mv", "mvexpand", "parse"),
    *("project", "render", "sample", "search", "serialize", "summarize", "top", "union"),
}
_SIGNS = ("==", "=~", "!=", "!~", "in", "in~")
_MORE_SIGNS = {"<", ">", "<=", ">=", "contains", "has", "startswith", "endswith", "matches", "between"}
Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class Query:
    """A query that has been read. `order`: the paths to sort by, each with True for descending."""

    conditions: tuple[Condition, ...]
    columns: dict[str, Path]
    order: tuple[tuple[Path, bool], ...]
    limit: int | None

    @property
    def pages(self) -> bool:
        """Return whether a long answer can be had page by page: with the id, and without a limit (documented)."""
        return self.limit is None and "id" in self.columns

    def run(self, rows: Sequence[Row]) -> list[Row]:
        """Return the rows of the answer."""
        found = [row for row in rows if all(condition(row) for condition in self.conditions)]
        for path, descending in reversed(self.order):
            found.sort(key=path.text, reverse=descending)
        return [{name: path.of(row) for name, path in self.columns.items()} for row in found[: self.limit]]


def read_query(text: str) -> Query:
    """Read a query. Raises Refusal 400 and NotSimulated."""
    return _Reader(text).read()


class _Reader:
    """Reads one query, token by token. `columns` has the paths of those that there are at this place of the query."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = read_tokens(text)
        self._conditions: list[Condition] = []
        self._columns = {name: Path((name,)) for name in COLUMNS}
        self._order: tuple[tuple[Path, bool], ...] = ()
        self._limit: int | None = None

    def read(self) -> Query:
        """Return the query."""
        first = self._take("word")
        if first.said.lower() != "resources":
            raise NotSimulated(f"a query of Resource Graph that begins with `{first.said}` instead of `resources`")
        while self._next.kind != "end":
            self._take("sign", "|")
            self._read_operator(self._take("word"))
        return Query(tuple(self._conditions), self._columns, self._order, self._limit)

    def _read_operator(self, operator: Token) -> None:
        if self._limit is not None:
            raise NotSimulated(f"a query of Resource Graph with `{operator.said}` after a limit")
        match operator.said:
            case "where":
                self._conditions.append(self._read_either())
            case "project" if self._next.said != "-":
                self._columns = dict(self._listed(self._read_column))
            case "order" | "sort":
                self._take("word", "by")
                self._order = tuple(self._listed(self._read_order))
            case "limit" | "take":
                self._limit = int(self._take("number").said)
            case name if name in _MORE_OPERATORS:
                raise NotSimulated(f"a query of Resource Graph with `{name}`")
            case _:
                raise self._failure(operator)

    # --- conditions ---

    def _read_either(self) -> Condition:
        conditions = [self._read_both()]
        while self._skip("or"):
            conditions.append(self._read_both())
        return any_of(conditions)

    def _read_both(self) -> Condition:
        conditions = [self._read_one()]
        while self._skip("and"):
            conditions.append(self._read_one())
        return all_of(conditions)

    def _read_one(self) -> Condition:
        if self._skip("("):
            condition = self._read_either()
            self._take("sign", ")")
            return condition
        path, sign = self._read_path(), self._next
        if sign.said in _MORE_SIGNS:
            raise NotSimulated(f"a query of Resource Graph with a condition by `{sign.said}`")
        if sign.kind == "text" or sign.said not in _SIGNS:
            raise self._failure(sign)
        self._tokens.pop(0)
        if not sign.said.startswith("in"):
            return compared(path, sign.said, (self._read_text(),))
        self._take("sign", "(")
        wanted = self._listed(self._read_text)
        self._take("sign", ")")
        return compared(path, sign.said, tuple(wanted))

    def _read_text(self) -> str:
        if self._next.kind in ("number", "word"):
            raise NotSimulated(f"a query of Resource Graph that compares with {self._next.said}, which is no text")
        return self._take("text").value

    # --- columns ---

    def _read_path(self) -> Path:
        """Read `tags`, `tags.role` or `tags['role']`."""
        first = self._take("word")
        if first.said not in self._columns:
            raise NotSimulated(f"a query of Resource Graph with `{first.said}`, which is no column here")
        steps = [*self._columns[first.said].steps]
        while self._next.said in (".", "["):
            if self._skip("."):
                steps.append(self._take("word").said)
            elif self._skip("["):
                steps.append(self._take("text").value)
                self._take("sign", "]")
        return Path(tuple(steps))

    def _read_column(self) -> tuple[str, Path]:
        """Read `location`, or `role = tags['role']`."""
        if self._tokens[1].said != "=":
            path = self._read_path()
            return path.name, path
        name = self._take("word").said
        self._take("sign", "=")
        return name, self._read_path()

    def _read_order(self) -> tuple[Path, bool]:
        """Read `id asc`; without a direction the order is descending (documented of Kusto)."""
        path = self._read_path()
        if self._skip("asc"):
            return path, False
        self._skip("desc")
        return path, True

    # --- tokens ---

    @property
    def _next(self) -> Token:
        return self._tokens[0]

    def _listed(self, read: Callable[[], Read]) -> list[Read]:
        """Read one or more, separated by commas."""
        found = [read()]
        while self._skip(","):
            found.append(read())
        return found

    def _skip(self, said: str) -> bool:
        """Take the next token if it is this one, and return whether it was."""
        if self._next.kind == "text" or self._next.said != said:
            return False
        self._tokens.pop(0)
        return True

    def _take(self, kind: str, said: str = "") -> Token:
        """Take the next token. Raises Refusal 400 where it is another one."""
        if self._next.kind != kind or said not in ("", self._next.said):
            raise self._failure(self._next)
        return self._tokens.pop(0)

    def _failure(self, token: Token) -> Refusal:
        return parser_failure(self._text, token)
