r"""The phrases that count as mentions, by the kind of privileged context.

A phrase is a claim, not a word: a hint, an expected value, a solution of salt, an attempt of an
athlete or a feedback loop are none. The claim is of

    answer     an answer at hand: given, known beforehand, said by the prompt, the ground truth
    solution   a solution at hand: provided, shown, cited, or one that speaks itself
    sibling    another attempt that is known to be right
    feedback   a verdict on an attempt that is not in this response
"""

_NOT_A = r"(?<!\ba )(?<!\ban )(?<!\bany )(?<!\bsome )(?<!\beach )(?<!\bevery )"
_KIND = r"(?:(?:correct|right|true|final|reference|worked)\s+){0,2}"
_NO_ANSWER = r"(?!s|\s+(?:choice|option|format|space|set|sheet|curve|contain|type|box|field))"
_NO_LIQUID = (
    r"(?!s|\s+(?:of\b|set|space|curve|contain|format|with\b|at\s+\d|(?:is|was)\s+"
    r"(?:heated|cooled|diluted|mixed|poured|acidic|basic|neutral|unique)))"
)
_PROPERTY = (
    r"(?!\s+(?:an?|to|in|not|positive|negative|even|odd|less|greater|larger|smaller|between|unique|"
    r"at\s+(?:least|most)|probably|likely|rounded|divisible|prime)\b)"
)
"""What a problem may well say of its answer."""

_PASSIVE = r"(?:am|are|was|were|have\s+been|had\s+been|'ve\s+been)"
_WORK = r"(?:solution|derivation|explanation|reasoning|proof|working|walkthrough)"
_EARLIER = r"(?:previous|earlier|prior|former)"
_ATTEMPT = r"(?:attempt|response|try|rollout)"
_RIGHT = r"(?:correct|right|successful)"
_JUDGED = (
    r"(?:marked|judged|graded|told|reported|rated|evaluated|said|deemed|flagged|rejected|"
    r"cut\s+off)"
)

PATTERNS: dict[str, tuple[str, ...]] = {
    "answer": (
        # Answers at hand.
        _NOT_A + r"\b(?:provided|given|supplied|known|official|stated|intended|target|expected)\s+"
        rf"{_KIND}answer\b{_NO_ANSWER}(?!\s+(?:is|was|would\s+be)\s+(?:probably|likely))",
        r"\breference\s+(?:answer|response)s?\b",
        r"\b(?:ground[-\s]truth|gold(?:en)?)\s+" + _KIND + rf"(?:answer|label)\b{_NO_ANSWER}",
        r"\bthe\s+ground[-\s]truth\s+(?:is|was|says|states|gives)\b",
        r"\b(?:match(?:es|ing)?|agrees?|compar(?:e|ed|ing)|consistent|differs?)\s+(?:\w+\s+)?the\s+"
        r"ground[-\s]truth\b(?!\s+(?:box|mask|map|image|curve))",
        r"\baccording\s+to\s+the\s+answer(?:\s+key)?(?=\s|[.,:;]|$)",
        r"\bas\s+(?:stated|given|shown|written|said|indicated)\s+in\s+the\s+answer(?:\s+key)?\b",
        # They were given.
        r"\banswer\s+(?:(?:that|which)\s+)?(?:(?:is|was)\s+)?(?:provided|given|supplied)\s+"
        r"(?:to\s+(?:me|us)|in\s+the\s+(?:prompt|problem|question|reference|context))\b",
        r"\banswer\s+(?:is|was|has\s+been)\s+(?:already\s+)?"
        r"(?:known\b|(?:given|stated|said|revealed)\s+(?:as|to\s+be)\b(?!\s+an?\s))",
        r"\banswer\b[^.;]{0,20}?,\s+as\s+(?:provided|given|stated)\s+(?:above|before|in\s+the)\b",
        # They are known beforehand.
        r"\b(?:given|knowing)\s+(?:that\s+)?the\s+(?:correct|right)\s+answer\s+(?:is|was|of)\b",
        rf"\bknowing\s+(?:that\s+)?the\s+(?:final\s+)?(?:answer|result)\s+(?:is|was)\b{_PROPERTY}",
        r"\banswer\s+(?:provided|given|supplied)\s+(?:with|by)\s+the\s+(?:question|problem|prompt|task)\b",
        r"\bi\s+(?:already\s+have\s+the\s+answer|have\s+the\s+answer\s+already)\b",
        r"\btells?\s+(?:me|us)\s+(?:that\s+)?the\s+(?:correct|right)\s+(?:option|choice|result)\b",
        r"\b(?:we|i)\s+(?:already\s+)?know\s+(?:that\s+)?the\s+(?:correct|right)\s+answer\s+"
        r"(?:is|was)\b",
        r"\balready\s+know\s+(?:that\s+)?the\s+(?:final\s+)?answer\s+(?:is|was)\b" + _PROPERTY,
        r"\bi\s+know\s+(?:that\s+)?the\s+answer\s+(?:should|must|has\s+to)\s+be\b" + _PROPERTY,
        rf"\b(?:i|we)(?:\s+{_PASSIVE}|'ve\s+been)\s+(?:already\s+)?(?:told|informed)\s+"
        rf"(?:that\s+)?the\s+{_KIND}answer\b(?:\s+(?:is|was|should\s+be)\b{_PROPERTY})?"
        r"(?!\s+(?:is|was|must|should|will)\b)",
        rf"\b(?:told|informed)\s+(?:that\s+)?the\s+{_KIND}answer\s+(?:is|was)\b{_PROPERTY}",
        # The prompt says them.
        r"\b(?:prompt|hint|question|problem|context|instructions?)\s+(?:already\s+)?"
        r"(?:says?|said|states?|tells?|gives?|reveals?|mentions?)\s+(?:me\s+|us\s+)?(?:that\s+)?the\s+"
        rf"{_KIND}answer\b(?:\s+(?:is|was|should\s+be)\b{_PROPERTY}|\s+as\b)",
        r"\b(?:provided|given|supplied)\s+hint\b",
    ),
    "solution": (
        r"\b(?:the|this|that|given|provided)\s+reference\s+(?:(?:also|already|clearly)\s+)?"
        r"(?:says|said|states|stated|gives|gave|shows|confirms|indicates|tells|mentions|claims)\b",
        r"\breference\s+(?:solution|derivation|explanation|reasoning)s?\b",
        rf"{_NOT_A}\b(?:provided|given|supplied|known|official|model|sample|ground[-\s]truth)\s+"
        rf"{_KIND}{_WORK}\b{_NO_LIQUID}",
        r"\bworked\s+solution\b",
        r"\b(?:provided|given|supplied|reference)\s+(?:solution\s+)?steps\b",
        r"\b(?:paraphras\w+|follow(?:ing)?|restat\w+|quot\w+|reproduc\w+)\s+the\s+reference"
        r"(?=\s*(?:$|[.,:;!?)\]\"']|(?:and|that|which|we|i|it|so|this|the)\b))",
        rf"\b{_WORK}\s+(?:that\s+)?i\s+have\s+(?:in\s+front\s+of|before)\s+me\b",
        r"\b(?:according\s+to|as\s+(?:stated|given|shown|written|said|indicated|noted|described)\s+"
        r"(?:in|by))\s+the\s+(?:reference|solution)"
        r"(?=\s*(?:$|[.,:;!?)\]\"']|(?:and|that|which|we|i|it|so|this|the)\b))",
        rf"\b{_WORK}\s+(?:(?:that|which)\s+)?(?:(?:is|was)\s+)?(?:provided|given|supplied)\s+"
        r"(?:to\s+(?:me|us)|in\s+the\s+(?:prompt|problem|question|reference|context))\b",
        rf"\bthe\s+{_WORK}\s+(?:that|which)\s+(?:is|was|has\s+been)\s+"
        r"(?:provided|supplied|shown|given)\b(?!\s+(?:by|in\s+the\s+(?:beaker|figure)))",
        rf"\b{_WORK}\s+(?:shown\s+)?(?:earlier\s+|above\s+)?in\s+the\s+(?:prompt|context)\b",
        rf"\bthe\s+(?:text\s+of\s+the\s+)?{_WORK}\s+(?:(?:also|already|clearly)\s+)?"
        r"(?:says|said|states|mentions|claims|notes|concludes)\b",
        # Whatever a model says it was shown.
        r"\b(?:answer|solution|derivation|explanation|reasoning|attempt|response|example|hint|"
        rf"reference|feedback)\s+(?:that\s+)?(?:i|we)(?:\s+{_PASSIVE}|'ve\s+been)\s+"
        r"(?:given|shown|told|provided)\b",
        rf"\b(?:i|we)(?:\s+{_PASSIVE}|'ve\s+been)\s+(?:given|shown|provided\s+with)\s+(?:the|an?)\s+"
        rf"(?:\w+\s+){{0,2}}(?:{_WORK}|{_ATTEMPT})\b{_NO_LIQUID}",
    ),
    "sibling": (
        rf"\b(?:{_EARLIER}\s+{_RIGHT}|{_RIGHT}\s+{_EARLIER})\s+"
        rf"(?:{_ATTEMPT}|solution|answer)\b",
        rf"\b{_EARLIER}\s+(?:{_ATTEMPT}|solution)\s*,?\s+(?:(?:that|which)\s+)?(?:was|is)\s+"
        r"(?:marked\s+(?:as\s+)?|judged\s+|graded\s+(?:as\s+)?)?(?:correct|right)\b",
        r"\bthe\s+(?:correct|successful)\s+attempt\b",
        rf"\b{_ATTEMPT}\s+that\s+(?:(?:is|was)\s+(?:correct|right)|succeeded|worked|"
        r"(?:got|gets)\s+(?:it|this)\s+right)\b",
        rf"(?<!my )\b{_EARLIER}\s+{_ATTEMPT}\b[^.;]{{0,30}}?\b(?:(?:is|was)\s+(?:correct|right)|"
        r"got\s+(?:it|this)\s+right)\b",
        r"\b(?:someone|somebody)\s+(?:else\s+)?(?:has\s+)?already\s+(?:solved|answered)\b",
        r"\bthe\s+successful\s+(?:example|response|solution|demonstration|rollout)\b",
        rf"\b(?:another|the\s+other)\s+{_ATTEMPT}\s*,?\s+(?:(?:(?:that|which)\s+)?(?:is|was)\s+"
        r"(?:correct|right)|already\s+\w+)\b",
        rf"\b(?:provided|given|shown)\s+{_ATTEMPT}\b",
        rf"\b{_ATTEMPT}\s+above\s+(?:is|was)\s+(?:correct|right)\b",
        r"\bknown\s+to\s+be\s+(?:correct|right)\b",
        rf"\b(?:peer|sibling|classmate)(?:'s|s')?\s+{_RIGHT}\s+(?:{_ATTEMPT}|solution|answer)\b",
        r"\bthe\s+demonstration\s+(?:shows|says|uses|gets)\b",
    ),
    "feedback": (
        r"\b(?:the|this|my)\s+feedback\s+(?:(?:also|clearly)\s+)?"
        r"(?:says|said|states|confirms|tells|indicates|mentions|reports|notes|(?:that\s+)?i\s+(?:received|got))\b",
        r"(?:^|[.!?\n]\s*)feedback:",
        r"\b(?:according\s+to|by)\s+the\s+(?:grader|verifier|checker|evaluator|verdict)\b",
        r"\bno\s+answer\s+could\s+be\s+read\b",
        r"\b(?:according\s+to|given|based\s+on|from|considering|following)\s+the\s+feedback\b"
        r"(?!\s+(?:loop|resist|circuit|factor|signal|form|survey|of|from|network|gain|path))",
        rf"\bfeedback\s+on\s+(?:my|the|an)\s+(?:{_EARLIER}\s+)?(?:{_ATTEMPT}|answer)\b",
        rf"\b(?:my(?:\s+(?:{_EARLIER}|last|first))?|(?:the|an)\s+(?:{_EARLIER}|last))\s+"
        rf"(?:{_ATTEMPT}|answer|result)\b[^.;:]{{0,40}}?\b(?:was|were|is|been)\s+{_JUDGED}\b",
        rf"\b(?:{_ATTEMPT}|answer)\s+before\s+was\s+{_JUDGED}\b",
        rf"\b(?:told|informed)\s+(?:that\s+)?my\s+(?:(?:{_EARLIER}|last)\s+)?"
        rf"(?:{_ATTEMPT}|answer)\b",
        r"\bi\s+(?:answered|said|chose|wrote|gave|avoid)\b[^.;]{0,40}?\bwas\s+"
        r"(?:marked|judged|graded|reported|said)\b",
        r"\bthe\s+(?:grader|verifier|checker|evaluator)\s+"
        r"(?:says|said|rejected|accepted|marked|confirmed|did\s+not\s+accept)\b",
        r"\banswer\s+\S{1,20}\s+(?:has\s+been|was)\s+(?:rejected|accepted|marked|judged)\b",
        r"\bthe\s+(?:comment|evaluation|verdict|assessment|review)\s+(?:on|of)\s+my\s+"
        rf"(?:{_EARLIER}\s+)?(?:{_ATTEMPT}|answer)\b",
        r"\bthe\s+verdict\s+(?:is|was)\s+that\s+(?:the|my)\s+answer\b",
    ),
}
"""What a teacher is shown -> regular expressions, matched without regard to case."""
