"""Where a sentence ends, in ten languages."""

import pytest

from app.text import sentences

CUT = {
    "en": "The U.S. Department began in Sept. 1979. Gov. Ray spoke on Dec. 3, 1980. Lt. Col. Lee left.",
    "en names": "He moved to the U.S. The house of J. R. Smith cost $1.5 million. It fell by 3.2 %.",
    "de": "Am 1. Januar 2020 waren es 2,9 Mio. Euro, z. B. hier. Im 19. Jahrhundert nicht. Dr. Abt kam.",
    "fr": "M. Dupont est né le 3 janv. 1950 à Paris. Il a payé 2,5 euros en 2001. Mme Roy est venue.",
    "es": "El Sr. Ruiz nació en EE.UU. en 1950. La Dra. Gil pagó 2,5 euros. Véase la pág. 3 del libro.",
    "ru": "В 1999 г. построен дом, т. е. школа. Он стоил 2,5 млн. рублей. Это было в 2001 г. Потом.",
    "ar": "بني المرصد عام ١٩٩٩. هل كان كبيرا؟ كان كبيرا جدا.",
    "zh": "天文台建于1999年。它有3.1米高吗？它很高！",
    "ja": "天文台は1999年に建てられた。高さは3.1メートルだ。とても高い。",
    "hi": "वेधशाला 1999 में बनी। इसकी ऊँचाई 3.1 मीटर है। यह बहुत ऊँची है।",
}


@pytest.mark.parametrize("language", CUT)
def test_sentences_are_cut_rightly(language):
    text = CUT[language]
    assert len(sentences.spans(text)) == (4 if language == "ru" else 3), [
        text[a:b] for a, b in sentences.spans(text)
    ]


def test_a_thai_text_is_cut_behind_its_citations():
    mark = "\U00100000"
    assert len(sentences.spans(f"หอดูดาวสร้างขึ้นในปี 1999 {mark} กระจกหลัก 23 ชิ้น {mark}")) == 2
