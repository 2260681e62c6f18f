"""The words of the package: the field's own, one for each thing, in plain English."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import openai_usage

PACKAGE = Path(openai_usage.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))

CLAUSES = re.compile(r"(?:What|Whatever|Whom|Who|How|Whose|Whether)\b")
"""A docstring that begins like this is a clause, not a sentence."""

PRIVATE = frozenset(
    re.findall(
        r"\w+",
        """clothes directory ease easing gate habit habits harmless lent listing lying mend reckon
        reckonable reckoned refusal rhythm sheet spoil spoiling standing tally told walk walked
        walks watch""",
    )
)
"""Words that the package once used for things that have a name in the field."""


def documented(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """The line and text of every docstring, those below attributes included."""
    for node in ast.walk(tree):
        body = getattr(node, "body", [])
        for part in body if isinstance(body, list) else []:
            match part:
                case ast.Expr(value=ast.Constant(value=str(text))):
                    yield part.lineno, text
                case _:
                    pass


def identifiers(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        match node:
            case (
                ast.FunctionDef(name=name)
                | ast.AsyncFunctionDef(name=name)
                | ast.ClassDef(name=name)
                | ast.arg(arg=name)
                | ast.Attribute(attr=name)
            ):
                yield node.lineno, name
            case ast.Name(id=name, ctx=ast.Store()):
                yield node.lineno, name
            case _:
                pass


def parts(name: str) -> set[str]:
    """The words in an identifier: `_WalkSpan` has `walk` and `span`."""
    return {
        word.lower()
        for each in name.split("_")
        for word in re.findall("[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+", each)
    }


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_docstring_is_a_sentence(path: Path) -> None:
    found = [
        f"{line}: {text.partition(chr(10))[0]}"
        for line, text in documented(ast.parse(path.read_text()))
        if CLAUSES.match(text)
    ]
    assert found == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_names_are_the_fields_own(path: Path) -> None:
    found = {
        f"{line}: {name}"
        for line, name in identifiers(ast.parse(path.read_text()))
        if parts(name) & PRIVATE
    }
    assert found == set()
