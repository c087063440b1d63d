# SPDX-License-Identifier: Apache-2.0
"""The kinds of mistakes that sample.py makes by machine. Each kind is a function that yields the changes it knows for one function,
or for the data of one file: (start, end, text) in the file, where the text keeps the number of lines."""
import re

LOCK = re.compile(r"(^|_)(lock|unlock|barrier|fence|publish|clean|invalidate|signal|kick|idle|wait|close|dsb|isb)(_|$)|kick_|_locked")
ORDER = {"__ATOMIC_ACQUIRE": "__ATOMIC_RELAXED", "__ATOMIC_RELEASE": "__ATOMIC_RELAXED", "__ATOMIC_ACQ_REL": "__ATOMIC_RELAXED",
         "__ATOMIC_SEQ_CST": "__ATOMIC_RELAXED", "load_acquire": "load_relaxed", "store_release": "store_relaxed"}
RESET = re.compile(r"(^|_)(init|reset|create|start|clear|restart|prepare|begin|open|load|put|add|forget)(_|$)")
SHIFTED = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}
JOINED = {"&&": "||", "||": "&&"}
UNITS = [("KIB", "MIB"), ("MIB", "GIB"), ("PAGE_SIZE", "BLOCK_SIZE"), ("UINT32_MAX", "UINT64_MAX"), ("UINT16_MAX", "UINT32_MAX")]
NARROWER = {"uint64_t": ("uint32_t",), "uint32_t": ("uint16_t",), "uint16_t": ("uint8_t",), "int64_t": ("int32_t",), "size_t": ("uint32_t", "uint8_t"),
            "unsigned": ("uint8_t",)}
GIC = [("GIC_V2", "GIC_V3"), ("GUEST_GICD_SIZE", "GUEST_GICD_V3_SIZE"), ("v2_frames", "v3_frames"), ("gicv2_open", "gicv3_open")]
GIC_QUESTION = re.compile(r"\b(has_gicv3|vgic_sgis_have_sources)\(\)|hypervisor\.gic\.stale_after_hw_end")
SAME_STRUCTURE = {"cpu": ("index",), "index": ("cpu",), "vcpu_count": ("domid",), "domid": ("vcpu_count",)}
GOOD = {"false": "true", "true": "false", "NULL": None}


def gap(text):
    """What is left of a text that is dropped: its line ends."""
    return "\n" * text.count("\n")


def both_ways(pairs):
    return {**dict(pairs), **{second: first for first, second in pairs}}


def dropped(source, statement, siblings):
    """Takes a statement out; where it is all of its parent's body, an empty one stays."""
    start, end = source.span(statement.first, statement.last)
    text = source.text[start:end]
    return start, end, gap(text) if siblings is not None else ";" + gap(text)


def is_call(source, statement):
    return source.tokens[statement.first].kind == "name" and source.slice(statement.first, statement.last).endswith(");")


def called(source, statement):
    """The name of the function that a statement calls first, or "". """
    for index in range(statement.first, statement.last):
        if source.tokens[index].kind == "name" and source.tokens[index + 1].text == "(":
            return source.tokens[index].text
    return ""


def is_lock(source, statement):
    return statement.kind == "simple" and LOCK.search(called(source, statement)) is not None


def body(statement):
    """The statements that an if or a loop does."""
    only = statement.children[0]
    return only.children if only.kind == "block" else [only]


def leaves(source, statement):
    """Whether an if returns, goes on or breaks off at its end."""
    inside = body(statement)
    return bool(inside) and inside[-1].kind in ("return", "jump")


# The kinds

def drop(source, function):
    """A statement is forgotten: an assignment, a call, an early end."""
    for statement, siblings in source.walk(function.statements):
        if statement.kind == "simple" and not is_lock(source, statement) or statement.kind == "jump":
            yield dropped(source, statement, siblings)
        elif statement.kind == "if" and statement.otherwise is None and leaves(source, statement):
            yield dropped(source, statement, siblings)


def swap(source, function):
    """Two neighbours change places: statements, arguments, entries of a table."""
    if function.kind == "data":
        yield from swapped_entries(source, function)
        return
    for statement, siblings in source.walk(function.statements):
        yield from swapped_statements(source, statement, siblings)
    for index in range(function.first, function.last):
        if source.tokens[index].kind == "name" and source.tokens[index + 1].text == "(":
            yield from swapped_parts(source, index + 1)


def swapped_statements(source, statement, siblings):
    if siblings is None or statement.kind not in ("simple", "if"):
        return
    place = siblings.index(statement)
    if place + 1 == len(siblings) or siblings[place + 1].kind not in ("simple", "if"):
        return
    following = siblings[place + 1]
    first, second = source.slice(statement.first, statement.last), source.slice(following.first, following.last)
    between = source.text[source.tokens[statement.last].end:source.tokens[following.first].start]
    if first != second:
        yield source.tokens[statement.first].start, source.tokens[following.last].end, second + between + first


def parts_of(source, opening):
    """(first, last) of each part between commas within the brackets at @opening."""
    parts, first, index, end = [], opening + 1, opening + 1, source.closing[opening]
    while index < end:
        if source.tokens[index].text == ",":
            parts.append((first, index - 1))
            first = index + 1
        index = source.closing.get(index, index) + 1
    if first < end:
        parts.append((first, end - 1))
    return [part for part in parts if part[0] <= part[1]]


def swapped_parts(source, opening):
    parts = parts_of(source, opening)
    for (first, second) in zip(parts, parts[1:]):
        texts = source.slice(*first), source.slice(*second)
        between = source.text[source.tokens[first[1]].end:source.tokens[second[0]].start]
        if texts[0] != texts[1] and not any(text.startswith('"') for text in texts):
            yield source.tokens[first[0]].start, source.tokens[second[1]].end, texts[1] + between + texts[0]


def swapped_entries(source, function):
    yield from swapped_parts(source, function.first - 1)
    for index in range(function.first, function.last):
        if source.tokens[index].text == "{":
            yield from swapped_parts(source, index)


def condition(source, function):
    """A condition is the wrong way round, reaches one too far, or asks for both instead of one."""
    for statement, _ in source.walk(function.statements):
        if statement.kind in ("if", "loop") and source.tokens[statement.first].text in ("if", "while", "do"):
            yield from negated(source, *statement.head)
    for index in range(function.first, function.last):
        token = source.tokens[index]
        if token.text in SHIFTED:
            yield token.start, token.end, SHIFTED[token.text]
        elif token.text in JOINED:
            yield token.start, token.end, JOINED[token.text]
            yield from one_side(source, index, function)
        elif token.text in ("true", "false"):
            yield token.start, token.end, GOOD[token.text]


def negated(source, opening, closing):
    start, end = source.tokens[opening].end, source.tokens[closing].start
    text = source.text[start:end]
    yield start, end, text[1:] if re.fullmatch(r"![\w>().-]+", text) else f"!({text})"


def one_side(source, index, function):
    """Of a && b only b: what is left of the operator, up to the bracket or the operator before it."""
    first = index - 1
    while first > function.first and source.tokens[first - 1].text not in ("&&", "||", "(", ",", ";", "return", "=", "?", ":", "{", "}"):
        first -= 1
        if source.tokens[first].text in (")", "]", "}"):
            first = next(opening for opening, end in source.closing.items() if end == first)
    start, end = source.tokens[first].start, source.tokens[index + 1].start
    if source.tokens[first].text not in (")", "(") and first < index:
        yield start, end, gap(source.text[start:end])


def number(token):
    """@return (value, suffix, whether hexadecimal) of a number's token"""
    digits = token.text.rstrip("uUlL")
    return int(digits, 0), token.text[len(digits):], digits.lower().startswith("0x")


def written(value, suffix, hexadecimal):
    return (f"{value:#x}" if hexadecimal else f"{value}") + suffix


def numbers(source, function):
    for index in range(function.first, function.last + 1):
        token = source.tokens[index]
        if token.kind == "number" and not (source.tokens[index - 1].text == "{" and source.tokens[index + 1].text == "}"):
            yield index, token


def one_beside(token):
    value, suffix, hexadecimal = number(token)
    yield token.start, token.end, written(value + 1, suffix, hexadecimal)
    if value > 0:
        yield token.start, token.end, written(value - 1, suffix, hexadecimal)


def off_by_one(source, function):
    """A number is one too many or too few; an end is one too far."""
    for _, token in numbers(source, function):
        yield from one_beside(token)
    for index in range(function.first, function.last - 1):
        sign, following = source.tokens[index].text, source.tokens[index + 1]
        if sign in ("+", "-") and following.text == "1" and source.tokens[index - 1].kind == "name":
            yield source.tokens[index].start, following.end, ""
        elif sign == "[" and function.kind == "function" and source.tokens[index - 1].kind == "name":
            end = source.tokens[source.closing[index]].start
            yield end, end, " + 1"


def unit(source, function):
    """A factor, a shift or a unit is another one, or is left out."""
    pairs = both_ways(UNITS)
    for index in range(function.first, function.last + 1):
        token, before = source.tokens[index], source.tokens[index - 1].text
        if token.text in pairs:
            yield token.start, token.end, pairs[token.text]
        elif token.kind == "number" and before in ("*", "/", "%", "<<", ">>", "*=", "/="):
            yield from other_factors(source, index, before)
        elif token.text == "sizeof" and source.slice(index, min(index + 2, function.last)).startswith("sizeof(*"):
            star = source.tokens[index + 2]
            yield star.start, star.end, ""


def other_factors(source, index, sign):
    token = source.tokens[index]
    value, suffix, hexadecimal = number(token)
    if value < 2:
        return
    if sign in ("<<", ">>"):
        yield token.start, token.end, written(value // 2, suffix, hexadecimal)
    else:
        yield token.start, token.end, written(value * 2, suffix, hexadecimal)
        yield token.start, token.end, written(value // 2, suffix, hexadecimal)
    if not sign.endswith("="):
        yield source.tokens[index - 1].start, token.end, ""


def width(source, function):
    """A value is cut on its way."""
    if function.kind == "function" and re.match(r"(static |HV_ONCE |const )*uint64_t \w+ \(", function.header):
        yield from narrow_returns(source, function)
    for index in range(function.first, function.last + 1):
        token = source.tokens[index]
        for narrower in NARROWER.get(token.text, ()):
            if token.text != "unsigned" or source.tokens[index + 1].text != "long":
                yield token.start, token.end, narrower
        if token.kind == "number" and re.search(r"[lL]{2}|[lL]$", token.text):
            yield token.start, token.end, re.sub(r"[uUlL]+$", "u", token.text)
    for statement, _ in source.walk(function.statements):
        yield from narrow_assignment(source, statement)


def narrow_returns(source, function):
    for statement, _ in source.walk(function.statements):
        if statement.kind == "return" and statement.last - statement.first > 2:
            start, end = source.tokens[statement.first + 1].start, source.tokens[statement.last].start
            yield start, end, f"(uint32_t)({source.text[start:end]})"


def narrow_assignment(source, statement):
    if statement.kind not in ("simple", "declaration"):
        return
    for index in range(statement.first + 1, statement.last - 1):
        if source.tokens[index].text == "=" and source.tokens[index + 1].text != "{" and source.tokens[index + 1].kind != "string":
            start, end = source.tokens[index + 1].start, source.tokens[statement.last].start
            for narrow in ("uint32_t", "uint8_t"):
                yield start, end, f"({narrow})({source.text[start:end]})"
            return
        if source.tokens[index].text in "([{":
            return


def other(source, function):
    """It is done to another CPU's, vCPU's or domain's structure, or to another variable of the same type."""
    if function.kind != "function":
        return
    twins = twins_of(source, function)
    for index in range(function.first, function.last):
        token, before, after = source.tokens[index], source.tokens[index - 1].text, source.tokens[index + 1].text
        if token.kind == "name" and before not in (".", "->") and after not in ("(", ",", ";", "=") or token.text in twins and before in ("(", ",", "=", "=="):
            for twin in twins.get(token.text, ()):
                yield token.start, token.end, twin
        if token.text == "[" and before not in ("{", ","):
            yield from other_index(source, index)
        if token.text == "arch_cpu_id" and after == "(":
            yield token.start, source.tokens[index + 2].end, "0u"
        if before in (".", "->") and after not in ("(", "["):
            for field in SAME_STRUCTURE.get(token.text, ()):
                yield token.start, token.end, field


def other_index(source, opening):
    start, end = source.tokens[opening].end, source.tokens[source.closing[opening]].start
    if re.search(r"[A-Za-z]", source.text[start:end]) and not source.text[start:end].isupper():
        yield start, end, "0" + gap(source.text[start:end])


def twins_of(source, function):
    """name -> the other parameters and variables that are declared with the same type"""
    declared = {}
    text = function.header + "; " + blank_strings(source.slice(function.first, function.last)) if function.first <= function.last else function.header
    for match in re.finditer(r"[(,;{}]\s*(?:static |HV_ONCE )*((?:const )?(?:struct \w+|\w+_t|unsigned|bool|int|char))\s*((?:\* ?)*)\s*(\w+)\s*(?=[;,=)])", text):
        declared.setdefault(match.group(1).replace("const ", "") + match.group(2).replace(" ", ""), []).append(match.group(3))
    twins = {}
    for names in declared.values():
        for name in set(names):
            twins[name] = sorted(set(names) - {name})
    return twins


def blank_strings(text):
    return re.sub(r'"(?:\\.|[^"\\\n])*"', '""', text)


def lock(source, function):
    """A lock, a barrier, a cache's cleaning or a kick is left out; an order in memory is weaker."""
    pairs = []
    for statement, siblings in source.walk(function.statements):
        if is_lock(source, statement):
            yield dropped(source, statement, siblings)
            pairs.append((called(source, statement), dropped(source, statement, siblings)))
    yield from without_both(source, pairs)
    for index in range(function.first, function.last + 1):
        token = source.tokens[index]
        if token.text in ORDER:
            yield token.start, token.end, ORDER[token.text]


def without_both(source, pairs):
    """The lock and its unlock, so that nothing hangs."""
    for (first, taken), (second, given) in zip(pairs, pairs[1:]):
        if second.replace("unlock", "lock") == first and first != second:
            start, end = taken[0], given[1]
            yield start, end, taken[2] + source.text[taken[1]:given[0]] + given[2]


def reset(source, function):
    """A field keeps the value that it had."""
    named = RESET.search(function.name) is not None
    for statement, siblings in source.walk(function.statements):
        text = source.slice(statement.first, statement.last)
        if statement.kind == "simple" and named and (re.match(r"[\w>.\[\]*()-]+ = ", text) or text.startswith(("memset", "store_"))):
            yield dropped(source, statement, siblings)
    for index in range(function.first, function.last):
        if source.tokens[index].text == "{":
            for part in parts_of(source, index):
                yield from without_field(source, part)


def without_field(source, part):
    """A designated initialiser, and the comma behind it."""
    first, last = part
    if source.tokens[first].text != ".":
        return
    if source.tokens[last + 1].text == ",":
        last += 1
    start, end = source.span(first, last)
    yield start, end, gap(source.text[start:end])


def gic(source, function):
    """It does for one version of the GIC what belongs to the other."""
    pairs = both_ways(GIC)
    for index in range(function.first, function.last + 1):
        token = source.tokens[index]
        if token.text in pairs:
            yield token.start, token.end, pairs[token.text]
    if function.kind == "function":
        start, end = source.span(function.first, max(function.first, function.last))
        for match in GIC_QUESTION.finditer(source.text, start, end):
            if not source.text[:match.start()].endswith("bool "):
                yield match.start(), match.end(), f"!{match.group()}"


def undo(source, function):
    """An error is not noticed, not passed on, or leaves behind what had been done."""
    for statement, siblings in source.walk(function.statements):
        text = source.slice(statement.first, statement.last)
        if statement.kind == "simple" and text.startswith("HV_TRY("):
            start, end = source.span(statement.first, statement.last)
            yield start, end, "(void)" + text[len("HV_TRY"):]
        elif statement.kind == "return" and re.match(r"return HV_E_\w+;|return status;", text):
            start, end = source.span(statement.first + 1, statement.last - 1)
            yield start, end, "HV_OK"
        elif statement.kind == "if" and statement.otherwise is None and re.search(r"\bstatus\b|HV_OK|HV_E_|== NULL|!= 0\b|< 0\b", condition_of(source, statement)):
            yield dropped(source, statement, siblings)
            inside = body(statement)
            if len(inside) > 1 and leaves(source, statement):
                for before in inside[:-1]:
                    if before.kind in ("simple", "if"):
                        yield dropped(source, before, inside)


def macro(tokens):
    """Of a macro without parameters: its numbers, @return (kind, start, end, text)"""
    pairs = both_ways(UNITS)
    for token in tokens:
        if token.kind == "number":
            yield from (("off-by-one", *change) for change in one_beside(token))
        elif token.text in pairs:
            yield "unit", token.start, token.end, pairs[token.text]


def condition_of(source, statement):
    return source.slice(*statement.head)


# How often each is drawn. An even draw over all changes would be off-by-ones and dropped statements mostly.
KINDS = {
    "drop": (drop, 18), "swap": (swap, 10), "condition": (condition, 20), "off-by-one": (off_by_one, 14), "unit": (unit, 6), "width": (width, 6),
    "other": (other, 8), "lock": (lock, 6), "reset": (reset, 5), "gic": (gic, 1), "undo": (undo, 6),
}
