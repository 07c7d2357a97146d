"""Judge a sentence by its form."""

import re

from app.agent.extractive.evidence_parts import Goal, PageSentence
from app.agent.extractive.terms import terms

SHORT, LONG = 6, 45  # words; a sentence outside says too little, or too much at once
DEFINING_VERBS = (
    "is|are|means|refers to|denotes|describes|defines|selects|consists of|allows|provides|implements|enables"
    "|ist|sind|war|waren|est|sont|était|es|son|era|eran|fue|é|são|è|sono|was een|is een|werd|это|является"
    "|represents|tests?|compares?"
)
DEFINES = re.compile(rf"(?P<head>.{{1,80}}?)\s(?:{DEFINING_VERBS})\b")
# Sentences that lean on the one before, or only point elsewhere.
LEANS = re.compile(
    r"(?:This|That|These|Those|It|Its|They|Such|He|She|Hence|Thus|Therefore|Also|However|Otherwise|But|And|Or"
    r"|So|If not|Note|See|For more|To find out|Changed in|New in|Added in|In this case|In that case|Here|Then"
    r"|Instead|Similarly|Likewise|For example|For instance|The following|The above|Unlike|Rather|Moreover"
    r"|Both|Again|Start|Check|Join|Additionally|Furthermore|As a result|Chapter|Section|In particular)\b"
)
# One case, not the rule.
CONDITION = re.compile(r"(?:If|When|Unless|Where|While|Although|Except|Because|Using)\b")
POINTS = re.compile(r"\b(?:following|above|below|information on|later section)\b", re.IGNORECASE)


def defines(line: PageSentence, goal: Goal) -> bool:
    """Return True if only the subject precedes the verb.

    "A slicing selects …" is an example.
    """
    found = DEFINES.match(line.sentence)
    head = terms(found["head"], line.language) if found else frozenset()
    return bool(head & goal.core) and head <= goal.core | goal.about


def form(line: PageSentence, goal: Goal) -> float:
    """Return 1.0 for an independent sentence, less for poor form.

    It may depend on others, or be too short or long.
    """
    size = len(line.sentence.split())
    leans = LEANS.match(line.sentence) and not goal.core <= line.named
    points = POINTS.search(line.sentence)
    fits = SHORT <= size <= LONG and not CONDITION.match(line.sentence)
    return (0.6 if leans else 1.0) * (0.75 if points else 1.0) * (1.0 if fits else 0.8)
