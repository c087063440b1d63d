# SPDX-License-Identifier: Apache-2.0
"""As much of C as the generator of mutations needs: tokens, functions, statements. For sources that clang-format formatted as
/.clang-format says: a function's brace, and no other, stands in the first column."""
import dataclasses
import re

TOKEN = re.compile(r"""
    (?P<comment>/\*.*?\*/|//[^\n]*)
  | (?P<space>\s+)
  | (?P<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')
  | (?P<number>0[xX][0-9a-fA-F]+[uUlL]*|\d+[uUlL]*)
  | (?P<name>[A-Za-z_]\w*)
  | (?P<sign>->|\+\+|--|<<=|>>=|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|\.\.\.|.)
""", re.VERBOSE | re.DOTALL)
PREPROCESSOR = re.compile(r"^[ \t]*#(?:[^\n\\]|\\\n|\\.)*", re.MULTILINE)
PAIRS = {"(": ")", "[": "]", "{": "}"}
TYPE_WORDS = {"const", "static", "struct", "enum", "union", "unsigned", "signed", "int", "bool", "char", "void", "long", "short", "register",
              "va_list", "volatile", "extern", "hv_status"}


@dataclasses.dataclass(frozen=True)
class Token:
    kind: str
    text: str
    start: int
    end: int


@dataclasses.dataclass
class Statement:
    """kind: simple, declaration, empty, return, jump (break, continue, goto), if, loop, switch, block, label.
    first, last: its tokens' indices; head: indices of the parentheses behind if, while ..., or None."""
    kind: str
    first: int
    last: int
    head: tuple = None
    children: list = dataclasses.field(default_factory=list)
    otherwise: object = None  # the statement behind else


@dataclasses.dataclass
class Function:
    """Or, with kind "data", a macro or the initialiser of an object. first, last: of its body's tokens, the braces excluded."""
    name: str
    kind: str
    header: str
    first: int
    last: int
    statements: list = dataclasses.field(default_factory=list)


class SourceError(Exception):
    """The text is not formatted as expected."""


def tokenize(text, start=0):
    tokens = []
    for match in TOKEN.finditer(text):
        if match.lastgroup not in ("comment", "space"):
            tokens.append(Token(match.lastgroup, match.group(), start + match.start(), start + match.end()))
    return tokens


def blanked(text):
    """The text without preprocessor lines and comments, which leave spaces of the same length."""

    def blank(match):
        return re.sub(r"[^\n]", " ", match.group())

    text = re.sub(r'"(?:\\.|[^"\\\n])*"|/\*.*?\*/|//[^\n]*', lambda match: match.group() if match.group()[0] == '"' else blank(match), text,
                  flags=re.DOTALL)
    return PREPROCESSOR.sub(blank, text)


class Source:
    """One file. functions: those that it defines, and its data."""

    def __init__(self, name, text):
        self.name = name
        self.text = text
        self.tokens = tokenize(blanked(text))
        self.closing = self._match()
        self.functions = list(self._functions()) + list(self._objects())
        self.macros = list(self._macros())

    def _match(self):
        """index of an opening bracket -> of its closing one"""
        closing, stack = {}, []
        for index, token in enumerate(self.tokens):
            if token.kind != "sign":
                continue
            if token.text in PAIRS:
                stack.append(index)
            elif token.text in PAIRS.values():
                if not stack or PAIRS[self.tokens[stack[-1]].text] != token.text:
                    raise SourceError(f"{self.name}: unbalanced {token.text}")
                closing[stack.pop()] = index
        return closing

    def _in_first_column(self, token):
        return token.start == 0 or self.text[token.start - 1] == "\n"

    def _functions(self):
        previous = 0
        for index, token in enumerate(self.tokens):
            if token.text not in "{}" or not self._in_first_column(token):
                continue
            if token.text == "{":
                header = self._header(previous, index)
                function = Function(self._name(header), "function", " ".join(t.text for t in header), index + 1, self.closing[index] - 1)
                function.statements = self.statements(function.first, function.last)
                yield function
            previous = index + 1

    def _header(self, start, end):
        """The tokens of a function's head, which begins behind the last ; or } of the file."""
        for index in range(end - 1, start - 1, -1):
            if self.tokens[index].text in (";", "}"):
                return self.tokens[index + 1:end]
        return self.tokens[start:end]

    @staticmethod
    def _name(header):
        """What stands before the parameters' parentheses, the last ones."""
        depth = 0
        for index in range(len(header) - 1, 0, -1):
            depth += {")": 1, "(": -1}.get(header[index].text, 0)
            if depth == 0:
                return header[index - 1].text
        raise SourceError("a function without a head: " + " ".join(token.text for token in header))

    def _objects(self):
        """Initialisers at file scope."""
        depth, inside = 0, {index for function in self._functions() for index in range(function.first, function.last + 1)}
        for index, token in enumerate(self.tokens):
            if index in inside:
                continue
            if token.text == "{" and depth == 0 and self.tokens[index - 1].text == "=":
                name = self._object_name(index - 2)
                yield Function(name, "data", "", index + 1, self.closing[index] - 1)
            depth += {"{": 1, "}": -1}.get(token.text, 0)

    def _object_name(self, index):
        while self.tokens[index].text == "]":
            index = next(opening for opening, end in self.closing.items() if end == index) - 1
        return self.tokens[index].text

    def _macros(self):
        """(name, its numbers' tokens) for each macro without parameters."""
        for match in re.finditer(r"^#define ([A-Za-z_]\w*) ((?:[^\n\\]|\\\n)*)", self.text, re.MULTILINE):
            yield match.group(1), [token for token in tokenize(match.group(2), match.start(2))]

    # Statements

    def statements(self, first, last):
        found, index = [], first
        while index <= last:
            statement = self._statement(index, last)
            found.append(statement)
            index = statement.last + 1
        return found

    def _statement(self, index, last):
        word = self.tokens[index].text
        if word == "{":
            end = self.closing[index]
            return Statement("block", index, end, children=self.statements(index + 1, end - 1))
        if word in ("if", "while", "for", "switch"):
            return self._headed(index, last, {"if": "if", "switch": "switch"}.get(word, "loop"))
        if word == "do":
            body = self._statement(index + 1, last)
            end = self._semicolon(body.last + 1, last)
            return Statement("loop", index, end, (body.last + 2, end - 1), [body])
        label = self._label(index)
        if label is not None:
            return Statement("label", index, label)
        after = self.closing.get(index + 1)
        if self.tokens[index].kind == "name" and after is not None and after < last and self.tokens[after + 1].text == "{":
            return self._headed(index, last, "loop")  # a macro that stands for a loop's head
        end = self._semicolon(index, last)
        return Statement(self._kind(index, end), index, end)

    def _headed(self, index, last, kind):
        end = self.closing[index + 1]
        body = self._statement(end + 1, last)
        statement = Statement(kind, index, body.last, (index + 1, end), [body])
        if kind == "if" and body.last < last and self.tokens[body.last + 1].text == "else":
            statement.otherwise = self._statement(body.last + 2, last)
            statement.last = statement.otherwise.last
        return statement

    def _label(self, index):
        """@return the index of the colon of case, default or a label that begins here"""
        if self.tokens[index].text == "case":
            while self.tokens[index].text != ":":
                index = self.closing.get(index, index) + 1
            return index
        if self.tokens[index].kind == "name" and self.tokens[index + 1].text == ":":
            return index + 1
        return None

    def _semicolon(self, index, last):
        while index <= last:
            if self.tokens[index].text == ";":
                return index
            index = self.closing.get(index, index) + 1
        return last

    def _kind(self, first, last):
        if first == last:
            return "empty"
        word, following = self.tokens[first].text, self.tokens[first + 1]
        if word in ("return", "break", "continue", "goto"):
            return "return" if word == "return" else "jump"
        if word in TYPE_WORDS or re.fullmatch(r"\w+_t", word):
            return "declaration"
        return "declaration" if self.tokens[first].kind == following.kind == "name" else "simple"

    # Text

    def span(self, first, last):
        """(start, end) in the text of the tokens @first to @last"""
        return self.tokens[first].start, self.tokens[last].end

    def slice(self, first, last):
        return self.text[self.tokens[first].start:self.tokens[last].end]

    def walk(self, statements):
        """All statements below, with the list that each stands in (None: it is the whole body of its parent)."""
        for statement in statements:
            yield statement, statements
            yield from self._below(statement)

    def _below(self, statement):
        for child in statement.children + ([statement.otherwise] if statement.otherwise else []):
            if child.kind == "block" and statement.kind != "block":
                yield from self.walk(child.children)
            elif statement.kind == "block":
                continue
            else:
                yield child, None
                yield from self._below(child)
        if statement.kind == "block":
            yield from self.walk(statement.children)
