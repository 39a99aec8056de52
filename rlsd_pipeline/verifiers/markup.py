r"""Gives one spelling to notations that LaTeX, Markdown and plain text write differently.

Everything here costs no more than the length of the text: no pattern repeats inside another.
"""

import re

from rlsd_pipeline.verifiers.characters import normalised
from rlsd_pipeline.verifiers.spans import last_box

_MATH_MODE = re.compile(r"\$\$(.*)\$\$|\$(.*)\$|\\\((.*)\\\)|\\\[(.*)\\\]", re.DOTALL)
_WRAPPER = re.compile(
    r"\\(?:text(?:bf|it|rm|sf|tt|normal)?|math(?:rm|bf|it|sf|tt)|boxed|mbox|hbox|textnormal"
    r"|operatorname|boldsymbol|emph)\s*\{([^{}]*)\}"
)
_WORD_IN_BRACES = re.compile(r"(?<![A-Za-z^_])\{\s*([A-Za-z][A-Za-z ]+)\s*\}")
_QUOTED = re.compile(r"\"([^\"]*)\"|'([^']*)'|`([^`]*)`|``([^'`]*)''")
_SPACING = re.compile(
    r"(?<!\\)\\[,;:! ]|\\q?quad(?![A-Za-z])|~|\\(?:display|text)style(?![A-Za-z])|\s+"
)
_SIZES = re.compile(r"\\(?:left|right|[bB]igg?[lr]?|limits|nolimits)(?![A-Za-z])\.?")
_GROUPS = re.compile(r"(?<=\d)(?:\{,\}|(?:\\,|\\ |~| )(?=\d{3}(?!\d)))")
_FRACTIONS = re.compile(r"\\[dtc]frac(?![A-Za-z])")
_ROOT = re.compile(r"√\s*(?:\(([^()]*)\)|(\d+(?:\.\d+)?|[A-Za-z]))")
_ARGUMENT = r"(?:\{[^{}]*\}|\s*\d|\s*[A-Za-z](?![A-Za-z])|\s*\\[a-z]+)"
_BARE_FRACTION = re.compile(rf"\\frac\s*({_ARGUMENT})({_ARGUMENT})")
_BARE_ROOT = re.compile(r"\\sqrt\s*(\d|[A-Za-z](?![A-Za-z]))")
_LOGARITHM = re.compile(r"(?<![A-Za-z\\])\\?log_\s*(\{[^{}]*\}|\d)\s*(\d+(?:\.\d+)?)(?![\d.])")

_SYMBOLS = {
    "≤": r"\leq ", "≥": r"\geq ", "⩽": r"\leq ", "⩾": r"\geq ", "≠": r"\neq ", "≈": r"\approx ",
    "∞": r"\infty ", "×": r"\times ", "÷": r"\div ", "·": r"\cdot ", "⋅": r"\cdot ",
    "±": r"\pm ", "∓": r"\mp ", "∈": r"\in ", "∪": r"\cup ", "∩": r"\cap ", "∅": r"\emptyset ",
    "°": r"^{\circ}", "π": r"\pi ", "α": r"\alpha ", "β": r"\beta ", "γ": r"\gamma ",
    "θ": r"\theta ", "λ": r"\lambda ", "φ": r"\phi ", "∠": r"\angle ", "△": r"\triangle ",
}  # fmt: skip
_AS_LATEX = str.maketrans(_SYMBOLS)
_ALIASES = (
    (re.compile(r"\\le(?:qslant)?(?![A-Za-z])|<=|=<"), r"\\leq "),
    (re.compile(r"\\ge(?:qslant)?(?![A-Za-z])|>="), r"\\geq "),
    (re.compile(r"\\lt(?![A-Za-z])"), "<"),
    (re.compile(r"\\gt(?![A-Za-z])"), ">"),
    (re.compile(r"\\ne(?![A-Za-z])|!="), r"\\neq "),
    (re.compile(r"\\degree(?![A-Za-z])|\^\s*\{?\s*\\circ\s*\}?"), r"^{\\circ}"),
    (re.compile(r"\\%"), "%"),
    (re.compile(r"\\l?dots(?![A-Za-z])|\\cdots(?![A-Za-z])"), "..."),
    (re.compile(r"\\lbrace(?![A-Za-z])"), r"\\{"),
    (re.compile(r"\\rbrace(?![A-Za-z])"), r"\\}"),
    (re.compile(r"\\l?brack(?![A-Za-z])"), "["),
)
_BROKEN_ESCAPES = (
    (re.compile(r"\f(?=rac)"), r"\f"),
    (re.compile(r"\t(?=ext|imes|an\b|heta)"), r"\t"),
    (re.compile(r"\x08(?=egin|oxed|ar|inom)"), r"\b"),
    (re.compile(r"\r(?=ight)"), r"\r"),
)
"""Data sets hold such golds: a backslash that a JSON reader took for an escape."""
_CLOSING = ".,;:!"
_PASSES = 4


def plain(text: str) -> str:
    r"""The text in one spelling, without the marks around it.

    Wrappers of math mode, bold face, quotes and `\text{}` go, their inside stays; a `$` that
    encloses nothing is a dollar.
    """
    for pattern, command in _BROKEN_ESCAPES:
        text = pattern.sub(command.replace("\\", "\\\\"), text)
    text = _without_dollars(_unwrapped(normalised(text)))
    text = _GROUPS.sub("", _SIZES.sub("", text)).translate(_AS_LATEX)
    for pattern, replacement in _ALIASES:
        text = pattern.sub(replacement, text)
    text = _ROOT.sub(r"\\sqrt{\1\2}", text)
    for _ in range(_PASSES):
        # Words stay separated from the text before the braces.
        bare = _WORD_IN_BRACES.sub(r" \1 ", _WRAPPER.sub(r" \1 ", text))
        if bare == text:
            break
        text = bare
    text = _FRACTIONS.sub(r"\\frac", text)
    text = _BARE_FRACTION.sub(lambda m: rf"\frac{_braced(m[1])}{_braced(m[2])}", text)
    text = _LOGARITHM.sub(lambda m: rf"\log_{_braced(m[1])}{{{m[2]}}}", text)
    text = _BARE_ROOT.sub(r"\\sqrt{\1}", text)
    return _unwrapped(_SPACING.sub(" ", text))


def _unwrapped(text: str) -> str:
    """Without what encloses the whole text, and without closing punctuation."""
    text = text.replace("**", "").replace("__", "")
    for _ in range(_PASSES):
        before = text
        text = text.strip(" \t\r\n\f\v")
        if text.endswith(tuple(_CLOSING)) and not text.endswith(
            ("...", r"\!", r"\,", r"\;", r"\:")
        ):
            # A factorial ends in the mark that ends a sentence.
            text = text.rstrip(_CLOSING if text.rstrip("!")[-2:].isalpha() else ".,;:")
        if text.startswith(r"\boxed{") and last_box(text) == (7, len(text) - 1):
            text = text[7:-1]
        for pattern in (_MATH_MODE, _QUOTED):
            if match := pattern.fullmatch(text):
                inside = next(group for group in match.groups() if group is not None)
                text = text if "$" in inside.replace(r"\$", "") else inside
        if text == before:
            break
    return text


def _without_dollars(text: str) -> str:
    """The text without the marks of math mode inside it; an amount of dollars keeps its sign."""
    if text.count("$") - text.count(r"\$") < 2:
        return text
    return re.sub(r"(?<!\\)\$", " ", text)


def _braced(argument: str) -> str:
    argument = argument.strip()
    return argument if argument.startswith("{") else f"{{{argument}}}"
