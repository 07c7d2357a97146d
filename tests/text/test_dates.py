"""The date that a page gives is read exactly."""

import pytest

from app.text.dates import day_told, first_and_last

SAID = {
    "2019-03-02T23:30:00+01:00": "2019-03-02",
    " 2019-03-02 ": "2019-03-02",
    "2019-3-2": "2019-03-02",
    "2019/03/02": "2019-03-02",
    "2019-03": "2019-03",
    "2019": "2019",
    "20190302": "2019-03-02",
    "20190302T101010Z": "2019-03-02",
    "D:20190302101010+01'00'": "2019-03-02",
    "Sat, 02 Mar 2019 10:00:00 GMT": "2019-03-02",
    # These do not tell: which is the month, what a program puts there, and what is no date.
    "02.03.2019": "",
    "03/02/2019": "",
    "0001-01-01": "",
    "1970-01-01T00:00:00Z": "",
    "2019-13-45": "",
    "2019-02-30": "",
    "2024-2025": "",
    "9" * 400: "",
    "yesterday": "",
    "": "",
}


@pytest.mark.parametrize("said", SAID)
def test_a_date_is_read_or_it_does_not_tell(said):
    assert day_told(said) == SAID[said]


@pytest.mark.parametrize(
    ("told", "days"),
    [
        ("2020", ("2020-01-01", "2020-12-31")),
        ("2020-02", ("2020-02-01", "2020-02-29")),
        ("2020-02-03", ("2020-02-03", "2020-02-03")),
    ],
)
def test_a_date_means_all_its_days(told, days):
    assert tuple(map(str, first_and_last(told))) == days
