"""From the text of an expression to its tree: a hand-written lexer and precedence climbing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from mlops_cli.base.errors import Place, SpecError
from mlops_cli.spec.places import inside, suggestion
from mlops_cli.spec.terms import Binary, BinaryOperator, Constant, Function, Member, Name, Span, Term, Unary

FUNCTIONS: Mapping[str, tuple[int, int]] = {  # name -> least and greatest number of arguments
    "abs": (1, 1),
    "min": (2, 99),
    "max": (2, 99),
    "round": (1, 2),
    "length": (1, 1),
    "lower": (1, 1),
    "upper": (1, 1),
    "coalesce": (2, 99),
    "is_null": (1, 1),
}
COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
STRENGTH: Mapping[str, int] = {
    "or": 1, "and": 2, **dict.fromkeys((*COMPARISONS, "in", "not"), 4), "+": 5, "-": 5, "*": 6, "/": 6, "%": 6,
}  # fmt: skip
NOT_STRENGTH, NEGATIVE_STRENGTH = 3, 7
MAX_DEPTH, MAX_OPERATORS, MAX_TEXT, MAX_NUMBER = 50, 200, 20_000, 1e300
FOREIGN = {
    "=": "==",
    "=<": "<=",
    "=>": ">=",
    "<>": "!=",
    "&&": "and",
    "||": "or",
    "&": "and",
    "|": "or",
    "!": "not",
    "===": "==",
}
WORDS: Mapping[str, bool | None] = {"true": True, "false": False, "null": None}

TokenKind: TypeAlias = Literal["number", "text", "name", "word", "symbol", "end"]
TOKEN = re.compile(
    r"""(?P<space>\s+)
    | (?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?P<glued>\w+)?)
    | (?P<text>'(?:[^']|'')*'|"(?:[^"]|"")*")
    | (?P<name>(?:[^\W\d]\w*|`[^`]+`)(?:\.(?:[^\W\d]\w*|`[^`]+`))*)
    | (?P<symbol>===|==|=<|=>|!=|<=|>=|<>|&&|\|\||[-+*/%<>()\[\],=!&|])""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Token:
    """A word of the expression."""

    kind: TokenKind
    text: str
    span: Span


def parse(text: str, place: Place) -> Term:
    """The tree of `text`; raises SpecError with the place of the mistake."""
    return _Parser(text, place).whole()


class _Parser:
    """Reads tokens from left to right; `next` is the one to come."""

    def __init__(self, text: str, place: Place) -> None:
        self.text, self.place = text, place
        self.depth = self.operators = 0
        self.tokens = iter(self.lex())
        self.next = self.before = next(self.tokens)

    def wrong(self, message: str, span: Span, hint: str | None = None) -> SpecError:
        return SpecError(message, hint, inside(self.place, self.text, span.start, span.length))

    def lex(self) -> list[Token]:
        if len(self.text) > MAX_TEXT:
            raise self.wrong(f"an expression has at most {MAX_TEXT} characters", Span(0, 1))
        tokens, at = [], 0
        while at < len(self.text):
            found = TOKEN.match(self.text, at)
            if found is None:
                raise self.bad_character(at)
            if found.lastgroup != "space":
                tokens.append(self.token(found))
            at = found.end()
        return [*tokens, Token("end", "", Span(at, 1))]

    def token(self, found: re.Match[str]) -> Token:
        span = Span(found.start(), found.end() - found.start())
        word = found.group()
        if found["glued"]:
            raise self.wrong(
                f"'{word}' is not a number", span, "units such as % are not known in expressions; write 0.01"
            )
        if found["symbol"] and word in FOREIGN:
            raise self.wrong(f"'{word}' is not an operator", span, f"write {FOREIGN[word]}")
        if found["name"] and (word in STRENGTH or word in WORDS):
            return Token("word", word, span)
        if found["name"] and word.lower() in (*STRENGTH, *WORDS, "none"):
            known = {"none": "null"}.get(word.lower(), word.lower())
            raise self.wrong(
                f"'{word}' is not known", span, f"write {known}; a column of that name goes into backquotes"
            )
        kinds: tuple[TokenKind, ...] = ("number", "text", "name", "symbol")
        return Token(next(kind for kind in kinds if found[kind]), word, span)

    def bad_character(self, at: int) -> SpecError:
        character = self.text[at]
        if character in "'\"`":
            return self.wrong(f"the text that starts with {character} has no end", Span(at, len(self.text) - at))
        hints = {"{": "names are written bare: age, not {age}", "$": "names are written bare: age, not $age"}
        return self.wrong(f"'{character}' has no meaning in an expression", Span(at, 1), hints.get(character))

    def take(self) -> Token:
        token = self.next
        self.before, self.next = token, next(self.tokens, token)
        return token

    def expect(self, symbol: str, why: str) -> Token:
        if self.next.text != symbol or self.next.kind != "symbol":
            raise self.wrong(f"expected '{symbol}' {why}, found {self.found()}", self.next.span)
        return self.take()

    def found(self) -> str:
        return "the end" if self.next.kind == "end" else f"'{self.next.text}'"

    def whole(self) -> Term:
        if not self.text.strip():
            raise self.wrong("the expression is empty", Span(0, max(len(self.text), 1)))
        term = self.binary(0)
        if self.next.kind != "end":
            hint = "text is written in quotes" if self.next.kind in ("name", "number") else None
            hint = "write is_null(x)" if self.next.text.lower() == "is" else hint
            raise self.wrong(f"expected an operator or the end, found {self.found()}", self.next.span, hint)
        return term

    def binary(self, floor: int) -> Term:
        """A term followed by operators that bind tighter than `floor`."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.wrong(f"the expression is nested more than {MAX_DEPTH} deep", self.next.span)
        left = self.unary()
        compared = False
        while (strength := STRENGTH.get(self.next.text, 0) if self.next.kind in ("word", "symbol") else 0) > floor:
            operator = self.take()
            self.count(operator)
            if strength == STRENGTH["in"]:
                if compared:
                    raise self.wrong("comparisons cannot be chained", operator.span, "write 0 < x and x < 5")
                compared = True
            left = self.joined(left, operator, strength)
        self.depth -= 1
        return left

    def count(self, operator: Token) -> None:
        self.operators += 1
        if self.operators > MAX_OPERATORS:
            raise self.wrong(f"the expression has more than {MAX_OPERATORS} operators", operator.span)

    def joined(self, left: Term, operator: Token, strength: int) -> Term:
        if operator.text in ("in", "not"):
            return self.member(left, operator)
        symbol = next(known for known in get_args(BinaryOperator) if known == operator.text)
        return Binary(symbol, left, self.binary(strength), operator.span)

    def member(self, left: Term, operator: Token) -> Term:
        if operator.text == "not":
            if self.next.text != "in":
                raise self.wrong(
                    f"expected 'in' after 'not', found {self.found()}", self.next.span, "write x not in [1, 2]"
                )
            self.take()
        self.expect("[", "after 'in'")
        items = [self.constant()]
        while self.next.text == ",":
            self.take()
            items.append(self.constant())
        self.expect("]", "at the end of the list")
        return Member(left, tuple(items), operator.text == "not", operator.span)

    def constant(self) -> Constant:
        term = self.unary()
        if isinstance(term, Unary) and term.operator == "-" and isinstance(term.operand, Constant):
            value = term.operand.value
            if isinstance(value, int | float) and not isinstance(value, bool):
                return Constant(-value, term.span)
        if not isinstance(term, Constant):
            raise self.wrong("a list holds numbers and quoted text only", term.span, "text is written in quotes")
        return term

    def unary(self) -> Term:
        token = self.next
        if token.text == "not" and token.kind == "word":
            self.count(self.take())
            return Unary("not", self.binary(NOT_STRENGTH), token.span)
        if token.text == "-" and token.kind == "symbol":
            self.count(self.take())
            return Unary("-", self.binary(NEGATIVE_STRENGTH), token.span)
        return self.atom()

    def atom(self) -> Term:
        hint = "% is the remainder; 10% is written 0.1" if self.before.text == "%" else None
        token = self.take()
        match token.kind:
            case "number":
                return Constant(self.number(token), token.span)
            case "text":
                quote = token.text[0]
                return Constant(token.text[1:-1].replace(quote * 2, quote), token.span)
            case "word" if token.text in WORDS:
                return Constant(WORDS[token.text], token.span)
            case "name":
                return self.call(token) if self.next.text == "(" else Name(token.text.replace("`", ""), token.span)
            case "symbol" if token.text == "(":
                term = self.binary(0)
                self.expect(")", "to close the '('")
                return term
        found = "the end" if token.kind == "end" else f"'{token.text}'"
        raise self.wrong(f"expected a name or a value, found {found}", token.span, hint)

    def number(self, token: Token) -> int | float:
        value = float(token.text)
        if abs(value) > MAX_NUMBER:
            raise self.wrong("the number is too large", token.span)
        return value if re.search(r"[.eE]", token.text) else int(token.text)

    def call(self, name: Token) -> Term:
        if name.text not in FUNCTIONS:
            raise self.wrong(
                f"unknown function '{name.text}'", name.span, suggestion(name.text, FUNCTIONS, "functions")
            )
        self.count(self.take())
        arguments = [] if self.next.text == ")" else [self.binary(0)]
        while self.next.text == ",":
            self.take()
            arguments.append(self.binary(0))
        self.expect(")", f"after the arguments of {name.text}")
        least, most = FUNCTIONS[name.text]
        if not least <= len(arguments) <= most:
            wanted = f"{least}" if least == most else f"{least} or more" if most > 9 else f"{least} or {most}"
            raise self.wrong(f"{name.text} takes {wanted} arguments, not {len(arguments)}", name.span)
        return Function(name.text, tuple(arguments), name.span)
