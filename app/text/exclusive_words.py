"""List words of which only one can be meant: days, periods, directions.

One in another one's place says something else.
"""

_DAYS = {
    "en": "monday | tuesday | wednesday | thursday | friday | saturday | sunday",
    "de": "montag | dienstag | mittwoch | donnerstag | freitag | samstag sonnabend | sonntag",
    "fr": "lundi | mardi | mercredi | jeudi | vendredi | samedi | dimanche",
    "es": "lunes | martes | miércoles | jueves | viernes | sábado | domingo",
    "ru": "понедельник | вторник | среду среда | четверг | пятницу пятница | субботу суббота | воскресенье",
}
_PERIODS = {
    "en": """minute minutes | hour hours hourly | day days daily | week weeks weekly | month months monthly
        | year years yearly annually annual annum | decade decades | century centuries""",
    "de": """minute minuten | stunde stunden stündlich | tag tage tagen täglich tages
        | woche wochen wöchentlich
        | monat monate monats monatlich | jahr jahre jahren jahres jährlich | jahrzehnt jahrzehnte
        | jahrhundert jahrhunderts jahrhunderte""",
    "fr": """minute minutes | heure heures | jour jours quotidiennement | semaine semaines hebdomadaire
        | mois mensuel
        | an ans année années annuel annuellement | décennie décennies | siècle siècles""",
    "es": """minuto minutos | hora horas | día días diario diariamente | semana semanas semanal
        | mes meses mensual
        | año años anual anualmente | década décadas | siglo siglos""",
    "ru": """минуту минут минуты | час часа часов ежечасно | день дня дней ежедневно
        | неделю недели недель еженедельно
        | месяц месяца месяцев ежемесячно | год года году лет ежегодно | десятилетие | век века веке""",
}
_COMPASS = {
    "en": "north northern | south southern | east eastern | west western",
    "de": """norden nördlich nördlichen nördliche | süden südlich südlichen südliche
        | osten östlich östlichen östliche | westen westlich westlichen westliche""",
    "fr": "nord | sud | est | ouest",
    "es": "norte | sur | este | oeste",
    "ru": "север севере | юг юге | восток востоке | запад западе",
}
_SEASONS = {
    "en": "spring | summer | autumn | winter",
    "de": "frühling frühjahr | sommer | herbst | winter",
    "fr": "printemps | été | automne | hiver",
    "es": "primavera | verano | otoño | invierno",
    "ru": "весной весна | летом лето | осенью осень | зимой зима",
}
_KIN_WORDS = {
    "en": "father | mother | brother | sister | son | daughter | husband | wife | uncle | aunt",
    "de": "vater | mutter | bruder | schwester | sohn | tochter | ehemann | ehefrau | onkel | tante",
    "fr": "père | mère | frère | sœur | fils | fille | mari | épouse | oncle | tante",
    "es": "padre | madre | hermano | hermana | hijo | hija | marido | esposa | tío | tía",
    "ru": "отец | мать | брат | сестра | сын | дочь | муж | жена | дядя | тётя",
}
_COLOURS = {
    "en": "red | blue | green | yellow | black | white | brown",
    "de": """rot rote roten | blau blaue blauen | grün grüne grünen | gelb gelbe gelben
        | schwarz schwarze schwarzen | weiß weiße weißen | braun braune braunen""",
    "fr": "rouge | bleu | vert | jaune | noir | blanc | brun",
    "es": "rojo | azul | verde | amarillo | negro | blanco | marrón",
    "ru": "красный | синий | зелёный | жёлтый | чёрный | белый | коричневый",
}
_METALS = {
    "en": "gold | silver | copper | iron | lead | tin",
    "de": "gold | silber | kupfer | eisen | blei | zinn",
    "fr": "or | argent | cuivre | fer | plomb | étain",
    "es": "oro | plata | cobre | hierro | plomo | estaño",
    "ru": "золото | серебро | медь | железо | свинец | олово",
}


def _exclusive(language: str) -> tuple[dict[str, int], ...]:
    tables = (_DAYS, _PERIODS, _COMPASS, _SEASONS, _KIN_WORDS, _COLOURS, _METALS)
    split = (table[language].split("|") for table in tables)
    return tuple({word: at for at, group in enumerate(groups) for word in group.split()} for groups in split)


EXCLUSIVE = {language: _exclusive(language) for language in _PERIODS}
