"""A query of Resource Graph, taken apart into words, texts and signs, each with its place."""

import re
from dataclasses import dataclass

from azure_simulator.wire.answers import Refusal

END = "<EOF>"
_TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n]*)
    |(?P<text>@'(?:[^']|'')*'|@"(?:[^"]|"")*"|'(?:[^'\\\n]|\\[^\n])*'|"(?:[^"\\\n]|\\[^\n])*")
    |(?P<number>\d+(?![\w.]))
    |(?P<word>[A-Za-z_$][\w$]*~?)
    |(?P<sign>=~|!~|==|!=|<=|>=|[|=.,()\[\]<>+\-*/])
    """,
    re.VERBOSE,
)
_ESCAPED = re.compile(r"\\(.)")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


@dataclass(frozen=True, slots=True)
class Token:
    """A part of a query. `kind`: `text`, `number`, `word`, `sign` or `end`; `said`: as in the query; `at`: where."""

    kind: str
    said: str
    value: str
    at: int


def read_tokens(query: str) -> list[Token]:
    """Return the tokens of a query, an `end` last. Raises Refusal 400 for what is none."""
    tokens: list[Token] = []
    place = 0
    while place < len(query):
        found = _TOKEN.match(query, place)
        if found is None:
            raise parser_failure(query, Token("sign", query[place], "", place))
        kind, said = str(found.lastgroup), found[0]
        if kind != "space":
            tokens.append(Token(kind, said, _unquoted(said) if kind == "text" else said, place))
        place = found.end()
    return [*tokens, Token("end", END, "", len(query))]


def _unquoted(said: str) -> str:
    """Return what a literal says: a backslash escapes, and in a verbatim one (`@'..'`) a quote is written twice."""
    if said.startswith("@"):
        return said[2:-1].replace(said[1] * 2, said[1])
    return _ESCAPED.sub(lambda found: _ESCAPES.get(found[1], found[1]), said[1:-1])


def parser_failure(query: str, token: Token) -> Refusal:
    """Return the error for a query that cannot be read beyond this token (recorded: Azure/azure-powershell)."""
    before = query[: token.at]
    where = {"line": before.count("\n") + 1, "characterPositionInLine": len(before) - before.rfind("\n") - 1}
    detail = {"code": "ParserFailure", "message": "ParserFailure", **where, "token": token.said}
    return Refusal(400, "BadRequest", "", details=[INVALID_QUERY, detail])


INVALID_QUERY = {
    "code": "InvalidQuery",
    "message": (
        "Query is invalid. Please refer to the documentation for the Azure Resource Graph service and fix the error "
        "before retrying."
    ),
}
