"""The texts of research that is played."""

# ruff: noqa: E501, ISC004 - texts

from app.domain import tools

QUESTION = "At what temperature does water boil on Mount Everest, and why is it lower than at sea level?"
HOSTILE = "What does <img src=x onerror=alert(1)> **do**? <script>alert(2)</script>"

PAGES = {
    "https://physics.example.org/boiling": (
        "Boiling point of water",
        "Boiling point of water\n\nA liquid boils when its vapour pressure equals the pressure of the air around it. 🌡️ "
        "At sea level, where the air presses with 101 kPa, water boils at 100 degrees Celsius.\n\n"
        "Higher up the air is thinner, so its pressure is lower and the vapour needs less heat to match it. "
        "The boiling point falls by about one degree for each 300 metres of height.\n\n"
        + "\n\n".join(f"Table {n}. Measured values for height {n * 250} metres, as used in teaching." for n in range(1, 30)),
    ),
    "https://peaks.example.com/everest/cooking": (
        "Cooking on Mount Everest",
        "Cooking on Mount Everest\n\nOn the summit of Mount Everest the air presses with about 34 kPa, a third of what it "
        "does at sea level. On the summit of Mount Everest water boils at about 71 degrees Celsius.\n\nPasta takes for "
        "ever, and tea is never quite hot. Climbers carry pressure cookers.",
    ),
    "https://weather.example.net/pressure": (
        "Air pressure and height",
        "Air pressure and height\n\nAir pressure falls with height because less air lies above. At 5,500 metres it is half "
        "of that at sea level.",
    ),
}  # fmt: skip
GONE = "https://archive.example.com/1953/notes"

EVIL_URL = "javascript:alert(3)"
EVIL = {
    EVIL_URL: ('"><img src=x onerror=alert(4)>', "The word does nothing at all, says this page. </p><script>alert(5)</script>"),
    "https://evil.example.com/<svg/onload=alert(6)>": (
        "<script>alert(7)</script> ](javascript:alert(8))",
        "An image tag in a question is only text, and it is shown as text. <img src=x onerror=alert(9)>",
    ),
}  # fmt: skip


def thought(first, second, situation, status, *left, enough=False):
    return tools.Reasoning((first, second), situation, status, enough, left or ("Write the report.",), enough)


STORY = (
    (
        thought("The question has two parts: a figure and a reason.", "Both are physics that is well described.",
                "Nothing was read yet.", "There is no plan yet.", "Draft a plan.", "Search."),
        tools.GeneratePlan(
            "The boiling point of water on Mount Everest, and why it is lower",
            ("Find the boiling point at sea level", "Find the boiling point on the summit", "Explain the difference"),
            ("Search for each part", "Prefer measured values"),
        ),
    ),
    (
        thought("The figures come first.", "Two searches cover both places.", "Nothing was read yet.", "0 of 3 steps done.", "Read what is found."),
        tools.WebSearch(("boiling point of water sea level", "boiling point Mount Everest summit")),
    ),
    (
        thought("Two pages promise figures.", "An archive has notes of 1953.", "4 sources found.", "1 of 3 steps done.", "Compare the figures."),
        tools.ReadPages((*list(PAGES)[:2], GONE)),
    ),
    (
        thought("The archive does not answer.", "Pressure explains both figures.", "2 pages read, both agree.", "2 of 3 steps done.", "Read about pressure."),
        tools.AdaptPlan(
            "The boiling point of water on Mount Everest, and why it is lower",
            ("The archive’s notes are dropped.", "Air pressure is looked up instead."),
            "The archive does not answer, and pressure is what both pages point to.",
            ("Find how air pressure falls with height", "Explain the difference"),
        ),
    ),
    (thought("Pressure is the reason.", "One page is enough.", "2 pages read.", "1 of 2 steps done."), tools.WebSearch(("air pressure and height",))),
    (thought("It was found before.", "Read it now.", "2 pages read.", "1 of 2 steps done."), tools.ReadPages(("https://weather.example.net/pressure",))),
    (
        thought("Both figures have a source.", "The reason has one too.", "3 pages read.", "All steps done.", enough=True),
        tools.WriteReport(
            "Water boils at about 71 °C on Mount Everest",
            "On the summit of Mount Everest water boils at about 71 degrees Celsius [{everest}]. At sea level, where the air presses with "
            "101 kPa, water boils at 100 degrees Celsius [{boiling}].\n\n## Why it is lower\n\nA liquid boils when its vapour pressure "
            "equals the pressure of the air around it [{boiling}]. Air pressure falls with height because less air lies "
            "above [{pressure}]. The boiling point falls by about one degree for each 300 metres of height [{boiling}].\n\n"
            "## What it means for cooking\n\n- Climbers carry pressure cookers [{everest}].\n- Rice is said to take three times as long up "
            "there.\n- Tea freezes at once on the summit, at 140 degrees [{everest}].",
            "high",
        ),
    ),
)  # fmt: skip

ATTACK = (
    (STORY[0][0], tools.GeneratePlan("<b>goal</b>", ("<img src=x onerror=alert(10)>", "two", "three"), ("a", "b"))),
    (STORY[1][0], tools.WebSearch(("<script>alert(11)</script>",))),
    (STORY[2][0], tools.ReadPages(tuple(EVIL))),
    (
        STORY[6][0],
        tools.WriteReport(
            "<script>alert(12)</script>",
            "An image tag in a question is only text, and it is shown as text [1]. The word does nothing at all, says this page [2]."
            "\n\n<img src=x onerror=alert(13)>\n\n[click](javascript:alert(14)) ![pic](https://tracker.example.com/x.png)\n\n"
            "<iframe src=https://tracker.example.com></iframe> <style>body{display:none}</style>",
            "low",
        ),
    ),
)  # fmt: skip
