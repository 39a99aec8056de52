"""Words that an answer may hold without another meaning, and words that change it."""

import re

_WORD = re.compile(r"[^\W\d_]+(?:'[a-z]+)?")


def words(listed: str) -> list[str]:
    """The words of a list that is written with blanks between them."""
    return listed.split()


NUMBER_WORDS = frozenset(
    words(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen "
        "fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty "
        "sixty seventy eighty ninety hundred thousand million billion trillion dozen half "
        "halves third thirds quarter quarters fourth fourths fifth fifths sixth sixths "
        "seventh eighth eighths ninth tenth tenths hundredth hundredths thousandth "
        "thousandths"
    )
)

MEANING = NUMBER_WORDS | frozenset(
    words(
        "not no never none nothing neither nor cannot without except but instead rather "
        "unlike wrong incorrect false or either than least most fewer less more over "
        "under above below beyond between twice thrice double triple quadruple times "
        "point plus minus negative positive per almost nearly up down multiple multiples "
        "several few some any other another if unless only percent hundredfold squared "
        "cubed root square cube sum difference product quotient"
    )
)
"""Dropped, each of these would make another answer of what is left."""

NEUTRAL = frozenset(
    words(
        "a an the of in for to is are was were be it its this that these there they them "
        "he she we you has have had will would so thus therefore hence then and answer "
        "result solution value final correct number total altogether all together needed "
        "required exactly equals equal each left remaining long wide tall high old area "
        "volume length width height perimeter radius diameter angle distance speed "
        "probability sum's measure mass weight time age cost price amount"
    )
)
"""Words of any sentence that gives an answer."""

COUNTED = frozenset(
    words(
        "unit units people person persons student students child children boy boys girl "
        "girls man men woman women item items object objects piece pieces way ways side "
        "sides edge edges vertex vertices face faces cube cubes square squares triangle "
        "triangles rectangle rectangles circle circles coin coins ball balls card cards "
        "book books page pages marble marbles apple apples orange oranges pencil pencils "
        "box boxes car cars animal animals tile tiles block blocks chair chairs table "
        "tables dot dots bar bars sticks stick matches match tree trees step steps digit "
        "digits solution solutions root roots term terms term's goals goal"
    )
)
"""Things that are counted so often that naming them after a number adds nothing."""

HEDGES = re.compile(
    r"\(?(?:approximately|approx\.?|about|around|roughly|circa)\)?\s+|\\approx\s*|\\simeq\s*"
    r"|\\sim\s*|~\s*|≅\s*",
    re.IGNORECASE,
)


def words_of(text: str) -> frozenset[str]:
    """The words of a text in lower case."""
    return frozenset(word.casefold() for word in _WORD.findall(text))


def sequence_of(text: str) -> list[str]:
    """The words of a text in lower case, in order."""
    return [word.casefold() for word in _WORD.findall(text)]


def adds_nothing(phrase: str, known: frozenset[str]) -> bool:
    """Whether a phrase is words alone that were said before or are neutral."""
    if re.search(r"[\d\\=<>^_{}+*/%$]", phrase):
        return False
    words = words_of(phrase)
    return bool(words) and not words & MEANING and words <= known | NEUTRAL | COUNTED
