"""List words of which only one can be meant: days, periods, multiples.

One in another one's place says something else.
"""

_DAYS = {
    "en": "monday | tuesday | wednesday | thursday | friday | saturday | sunday",
    "de": "montag | dienstag | mittwoch | donnerstag | freitag | samstag sonnabend | sonntag",
    "fr": "lundi | mardi | mercredi | jeudi | vendredi | samedi | dimanche",
    "es": "lunes | martes | miércoles | jueves | viernes | sábado | domingo",
    "it": "lunedì | martedì | mercoledì | giovedì | venerdì | sabato | domenica",
    "pt": "segunda-feira | terça-feira | quarta-feira | quinta-feira | sexta-feira | sábado | domingo",
    "nl": "maandag | dinsdag | woensdag | donderdag | vrijdag | zaterdag | zondag",
    "ru": "понедельник | вторник | среду среда | четверг | пятницу пятница | субботу суббота | воскресенье",
}
_PERIODS = {
    "en": """second seconds | minute minutes | hour hours hourly | day days daily | week weeks weekly |
        month months monthly
        | year years yearly annually annual annum | decade decades | century centuries""",
    "de": """sekunde sekunden | minute minuten | stunde stunden stündlich | tag tage tagen täglich tages
        | woche wochen wöchentlich
        | monat monate monats monatlich | jahr jahre jahren jahres jährlich | jahrzehnt jahrzehnte
        | jahrhundert jahrhunderts jahrhunderte""",
    "fr": """seconde secondes | minute minutes | heure heures | jour jours quotidiennement | semaine
        semaines hebdomadaire
        | mois mensuel
        | an ans année années annuel annuellement | décennie décennies | siècle siècles""",
    "es": """segundo segundos | minuto minutos | hora horas | día días diario diariamente | semana
        semanas semanal
        | mes meses mensual
        | año años anual anualmente | década décadas | siglo siglos""",
    "it": """secondo secondi | minuto minuti | ora ore | giorno giorni quotidiano | settimana settimane
        settimanale
        | mese mesi mensile | anno anni annuale annuo | decennio decenni | secolo secoli""",
    "pt": """segundo segundos | minuto minutos | hora horas | dia dias diariamente diário | semana
        semanas semanal
        | mês meses mensal | ano anos anual | década décadas | século séculos""",
    "nl": """seconde seconden | minuut minuten | uur uren | dag dagen dagelijks | week weken wekelijks
        | maand maanden maandelijks | jaar jaren jaarlijks | decennium decennia | eeuw eeuwen""",
    "ru": """секунду секунд секунда | минуту минут минуты | час часа часов ежечасно | день дня дней ежедневно
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


_TIMES = {
    "en": "doubled double doubling twice | tripled triple trebled thrice | quadrupled | halved halving half",
    "de": """verdoppelt verdoppelte doppelt | verdreifacht verdreifachte | vervierfacht vervierfachte
        | halbiert halbierte""",
    "fr": "doublé double doubla | triplé triple tripla | quadruplé | moitié",
    "es": "duplicó duplicado doble | triplicó triplicado triple | cuadruplicó cuadruplicado | mitad",
    "ru": "удвоилась удвоился удвоилось вдвое | утроилась утроился утроилось втрое | вчетверо",
    "it": "raddoppiato raddoppiò doppio | triplicato triplicò triplo | dimezzato dimezzò metà",
    "pt": "duplicou dobrou dobro | triplicou triplo | quadruplicou",
    "nl": "verdubbelde verdubbeld | verdrievoudigde verdrievoudigd | halveerde gehalveerd",
}


def _exclusive(language: str) -> tuple[dict[str, int], ...]:
    tables = (_DAYS, _PERIODS, _COMPASS, _SEASONS, _KIN_WORDS, _COLOURS, _METALS, _TIMES)
    split = (table.get(language, "").split("|") for table in tables)
    return tuple({word: at for at, group in enumerate(groups) for word in group.split()} for groups in split)


EXCLUSIVE = {language: _exclusive(language) for language in _PERIODS}
