"""Give the report's own sentences in the question's language."""

from msgspec import Struct

from app.text import languages


class Phrases(Struct, frozen=True):
    """What the plan asks besides, and what the report says itself."""

    meaning: str  # of the subject {}
    more: str  # about the subject {}
    passages: str  # says that it is not a report, if they answer only a part of the question
    note: str
    missing: str  # before the parts of the question that nothing answers
    nothing: str
    closest: str
    mark: str = "?"
    uses: str = ""
    conditions: str = ""
    uses_before: str = ""  # as plans of earlier versions have it


FRAMES = {
    "en": Phrases(
        "What is meant by {}?",
        "What else is known about {}?",
        "These are passages, not a report.",
        "These sentences were selected from the pages that were read, without a language model, "
        "and not rewritten.",
        "Nothing was found in them for:",
        "Nothing was found in the sources that were searched that answers this question.",
        "The closest passages:",
        uses="What are uses and examples of {}?",
        conditions="Which conditions and exceptions apply to {}?",
        uses_before="Which uses and examples of {} are there?",
    ),
    "de": Phrases(
        "Was bedeutet: {}?",
        "Was ist noch bekannt über: {}?",
        "Dies sind Fundstellen, kein Bericht.",
        "Diese Sätze sind ohne Sprachmodell aus den gelesenen Seiten ausgewählt und nicht umgeschrieben.",
        "Darin wurde nichts gefunden zu:",
        "In den durchsuchten Quellen wurde nichts gefunden, das diese Frage beantwortet.",
        "Die nächstliegenden Stellen:",
    ),
    "fr": Phrases(
        "Que signifie : {} ?",
        "Que sait-on encore sur : {} ?",
        "Ce sont des passages, pas un rapport.",
        "Ces phrases ont été choisies sans modèle de langage dans les pages lues, sans être réécrites.",
        "Rien n’y a été trouvé pour :",
        "Rien n’a été trouvé dans les sources consultées qui réponde à cette question.",
        "Les passages les plus proches :",
        " ?",
    ),
    "es": Phrases(
        "¿Qué significa: {}?",
        "¿Qué más se sabe sobre: {}?",
        "Son pasajes, no un informe.",
        "Estas frases se eligieron sin modelo de lenguaje de las páginas leídas y no se reescribieron.",
        "En ellas no se encontró nada sobre:",
        "En las fuentes consultadas no se encontró nada que responda a esta pregunta.",
        "Los pasajes más cercanos:",
    ),
    "pt": Phrases(
        "O que significa: {}?",
        "O que mais se sabe sobre: {}?",
        "São passagens, não um relatório.",
        "Estas frases foram escolhidas sem modelo de linguagem das páginas lidas e não foram reescritas.",
        "Nelas nada foi encontrado sobre:",
        "Nas fontes consultadas nada foi encontrado que responda a esta pergunta.",
        "As passagens mais próximas:",
    ),
    "it": Phrases(
        "Che cosa significa: {}?",
        "Che cos’altro si sa su: {}?",
        "Sono passaggi, non una relazione.",
        "Queste frasi sono state scelte senza modello linguistico dalle pagine lette e non riscritte.",
        "In esse non è stato trovato nulla su:",
        "Nelle fonti consultate non è stato trovato nulla che risponda a questa domanda.",
        "I passaggi più vicini:",
    ),
    "nl": Phrases(
        "Wat betekent: {}?",
        "Wat is er verder bekend over: {}?",
        "Dit zijn passages, geen verslag.",
        "Deze zinnen zijn zonder taalmodel gekozen uit de gelezen pagina’s en niet herschreven.",
        "Daarin is niets gevonden over:",
        "In de doorzochte bronnen is niets gevonden dat deze vraag beantwoordt.",
        "De meest nabije passages:",
    ),
    "ru": Phrases(
        "Что означает: {}?",
        "Что ещё известно о теме: {}?",
        "Это отрывки, а не отчёт.",
        "Эти предложения выбраны из прочитанных страниц без языковой модели и не изменены.",
        "В них ничего не найдено по вопросу:",
        "В просмотренных источниках не найдено ничего, что отвечает на этот вопрос.",
        "Самые близкие отрывки:",
    ),
    "ar": Phrases(
        "ما معنى: {}؟",
        "ما المعروف أيضا عن: {}؟",
        "هذه مقاطع وليست تقريرا.",
        "هذه الجمل مختارة دون نموذج لغوي من الصفحات التي قرئت ودون إعادة صياغة.",
        "لم يعثر فيها على شيء بشأن:",
        "لم يعثر في المصادر التي جرى البحث فيها على ما يجيب عن هذا السؤال.",
        "أقرب المقاطع:",
        "؟",
    ),
    "hi": Phrases(
        "इसका अर्थ क्या है: {}?",
        "इसके बारे में और क्या ज्ञात है: {}?",
        "ये अंश हैं, रिपोर्ट नहीं।",
        "ये वाक्य भाषा मॉडल के बिना पढ़े गए पृष्ठों से चुने गए हैं और बदले नहीं गए।",
        "उनमें इसके बारे में कुछ नहीं मिला:",
        "खोजे गए स्रोतों में इस प्रश्न का उत्तर देने वाला कुछ नहीं मिला।",
        "सबसे निकट के अंश:",
    ),
    "zh": Phrases(
        "{}是什么意思？",
        "关于{}还有哪些信息？",
        "这些是段落，不是报告。",
        "这些句子未经语言模型，直接选自已读取的网页，未经改写。",
        "其中没有找到相关内容：",
        "在已检索的来源中没有找到能回答这个问题的内容。",
        "最接近的段落：",
        "？",
    ),
    "ja": Phrases(
        "{}の意味は何ですか？",
        "{}について他に何が知られていますか？",
        "これは抜粋であり、報告書ではありません。",
        "これらの文は言語モデルを使わずに読んだページから選んだもので、書き換えていません。",
        "次の点については何も見つかりませんでした：",
        "検索した情報源には、この質問に答えるものは見つかりませんでした。",
        "最も近い箇所：",
        "？",
    ),
    "ko": Phrases(
        "{}의 의미는 무엇입니까?",
        "{}에 대해 더 알려진 것은 무엇입니까?",
        "이것은 발췌문이며 보고서가 아닙니다.",
        "이 문장들은 언어 모델 없이 읽은 페이지에서 고른 것이며 고쳐 쓰지 않았습니다.",
        "다음에 대해서는 찾지 못했습니다:",
        "검색한 자료에서 이 질문에 답하는 내용을 찾지 못했습니다.",
        "가장 가까운 구절:",
    ),
    "th": Phrases(
        "{} หมายความว่าอะไร",
        "มีอะไรอีกที่ทราบเกี่ยวกับ {}",
        "นี่คือข้อความที่คัดมา ไม่ใช่รายงาน",
        "ประโยคเหล่านี้เลือกมาจากหน้าที่อ่านโดยไม่ใช้แบบจำลองภาษาและไม่ได้เขียนใหม่",
        "ไม่พบสิ่งใดในนั้นสำหรับ:",
        "ไม่พบสิ่งใดที่ตอบคำถามนี้ในแหล่งข้อมูลที่ค้นหา",
        "ข้อความที่ใกล้เคียงที่สุด:",
        "",
    ),
}


# Over the two parts of a report of which a model wrote one: what was selected, what was written.
HEADINGS = {
    "en": ("Selected from the pages that were read", "Written by the language model"),
    "de": ("Aus den gelesenen Seiten ausgewählt", "Vom Sprachmodell geschrieben"),
    "fr": ("Choisi dans les pages lues", "Écrit par le modèle de langage"),
    "es": ("Elegido de las páginas leídas", "Escrito por el modelo de lenguaje"),
    "pt": ("Escolhido das páginas lidas", "Escrito pelo modelo de linguagem"),
    "it": ("Scelto dalle pagine lette", "Scritto dal modello linguistico"),
    "nl": ("Gekozen uit de gelezen pagina’s", "Geschreven door het taalmodel"),
    "ru": ("Выбрано из прочитанных страниц", "Написано языковой моделью"),
    "ar": ("مختار من الصفحات التي قرئت", "بقلم النموذج اللغوي"),
    "hi": ("पढ़े गए पृष्ठों से चुना गया", "भाषा मॉडल द्वारा लिखा गया"),
    "zh": ("选自已读取的网页", "由语言模型撰写"),
    "ja": ("読んだページからの抜粋", "言語モデルによる記述"),
    "ko": ("읽은 페이지에서 고른 것", "언어 모델이 쓴 것"),
    "th": ("เลือกจากหน้าที่อ่าน", "เขียนโดยแบบจำลองภาษา"),
}


# Where no search came to anything.
SEARCHES_FAILED = {
    "en": "Every search failed, so nothing is known of what the sources say, and there is no answer.",
    "de": "Alle Suchen sind fehlgeschlagen; was die Quellen sagen, ist unbekannt; es gibt keine Antwort.",
    "fr": "Toutes les recherches ont échoué ; on ignore ce que disent les sources : pas de réponse.",
    "es": "Todas las búsquedas fallaron; no se sabe qué dicen las fuentes y no hay respuesta.",
    "pt": "Todas as pesquisas falharam; não se sabe o que dizem as fontes e não há resposta.",
    "it": "Tutte le ricerche sono fallite; non si sa che cosa dicano le fonti e non c’è risposta.",
    "nl": "Alle zoekopdrachten zijn mislukt; wat de bronnen zeggen is onbekend en er is geen antwoord.",
    "ru": "Все поиски завершились ошибкой; что говорят источники, неизвестно, и ответа нет.",
    "ar": "فشلت كل عمليات البحث، فلا يُعرف ما تقوله المصادر ولا توجد إجابة.",
    "zh": "所有搜索均失败，无法得知来源的内容，因此没有答案。",
}
# Where the report is wanted before anything was searched for.
UNSEARCHED = {
    "en": "Nothing was searched for yet when the report was wanted, so there is no answer.",
    "de": "Als der Bericht verlangt wurde, war noch nichts gesucht; es gibt daher keine Antwort.",
    "fr": "Rien n’avait encore été cherché quand le rapport a été demandé ; il n’y a donc pas de réponse.",
    "es": "Aún no se había buscado nada cuando se pidió el informe; por eso no hay respuesta.",
    "pt": "Nada tinha sido procurado quando o relatório foi pedido; por isso não há resposta.",
    "it": "Non era stato ancora cercato nulla quando è stata chiesta la relazione; quindi non c’è risposta.",
    "nl": "Er was nog niets gezocht toen het verslag werd gevraagd; er is dus geen antwoord.",
}


def spoken(question: str) -> str:
    """Detect the language of a question, English by default."""
    language = languages.detect(question)
    return language if language in FRAMES else "en"


def framed(question: str, language: str = "") -> str:
    """Return the language of the report's own sentences.

    It is the one that was asked for (a BCP 47 tag), else that of the question.
    """
    wanted = language.partition("-")[0].lower()
    return wanted if wanted in FRAMES else spoken(question)


def frame(question: str, language: str = "") -> Phrases:
    """Return the report's own phrases in that language."""
    return FRAMES[framed(question, language)]
