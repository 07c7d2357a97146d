"""Make minimal pairs in five languages, by rule.

A page is one sentence of each group, so that what a false sentence says of another thing is often on it.
"""

import re
from collections.abc import Callable, Iterator

from tests.text.pairs import COUNTED as COUNTED_OF_BOTH
from tests.text.pairs import swapped

Rule = Callable[[str], str | None]

# Two names on both sides of a comparison.
COMPARED = {
    "en": """The Kaldur is longer than the Venno.
Lindby has more inhabitants than Torsk.
Marta Vale is older than Ines Corr.
The Alta mine produced more ore than the Brenn mine.
In winter Osby is colder than Ruda.
Halvor earned less than Sigrid during those years.
The Petra sailed faster than the Juno.
Mount Orrin is higher than Mount Tesk.
Falun exported fewer barrels than Gavle.
Norby was founded earlier than Selby.
Dario Penn won more races than Luca Frey.
The Tolva bridge cost twice as much as the Merin bridge.""",
    "de": """Der Kaldur ist länger als der Venno.
Lindby hat mehr Einwohner als Torsk.
Marta Vale ist älter als Ines Corr.
Die Grube Alta förderte mehr Erz als die Grube Brenn.
Im Winter ist Osby kälter als Ruda.
Halvor verdiente in jenen Jahren weniger als Sigrid.
Die Petra segelte schneller als die Juno.
Der Berg Orrin ist höher als der Berg Tesk.
Falun führte weniger Fässer aus als Gavle.
Norby wurde früher gegründet als Selby.
Dario Penn gewann mehr Rennen als Luca Frey.
Die Tolvabrücke kostete doppelt so viel wie die Merinbrücke.""",
    "fr": """Le Kaldur est plus long que le Venno.
Lindby compte plus d’habitants que Torsk.
Marta Vale est plus âgée que Ines Corr.
La mine Alta produisait plus de minerai que la mine Brenn.
En hiver Osby est plus froid que Ruda.
Halvor gagnait moins que Sigrid pendant ces années.
La Petra naviguait plus vite que la Juno.
Le mont Orrin est plus haut que le mont Tesk.
Falun exportait moins de tonneaux que Gavle.
Norby fut fondée plus tôt que Selby.
Dario Penn a gagné plus de courses que Luca Frey.
Le pont Tolva a coûté plus cher que le pont Merin.""",
    "es": """El Kaldur es más largo que el Venno.
Lindby tiene más habitantes que Torsk.
Marta Vale es mayor que Ines Corr.
La mina Alta producía más mineral que la mina Brenn.
En invierno Osby es más frío que Ruda.
Halvor ganaba menos que Sigrid en aquellos años.
La Petra navegaba más rápido que la Juno.
El monte Orrin es más alto que el monte Tesk.
Falun exportaba menos barriles que Gavle.
Norby fue fundada antes que Selby.
Dario Penn ganó más carreras que Luca Frey.
El puente Tolva costó más que el puente Merin.""",
    "ru": """Река Калдур длиннее, чем река Венно.
В городе Линдбю больше жителей, чем в городе Торск.
Марта Вейл старше, чем Инес Корр.
Рудник Альта давал больше руды, чем рудник Бренн.
Зимой в Осбю холоднее, чем в Руде.
Халвор зарабатывал меньше, чем Сигрид.
Шхуна Петра шла быстрее, чем шхуна Юнона.
Гора Оррин выше, чем гора Теск.
Фалун вывозил меньше бочек, чем Евле.
Норбю основан раньше, чем Селбю.
Дарио Пенн выиграл больше гонок, чем Лука Фрей.
Мост Толва стоил дороже, чем мост Мерин.""",
}
# A number with a unit, and a period.
PERIODIC = {
    "en": """The mill ground 40 kg of flour a day.
Each lamp burns 9 litres of oil per week.
The glacier moves 30 cm per year.
The spring yields 70 litres of water a minute.
The baker sold 25 kg of bread every day.
The ferry burns 60 litres of fuel an hour.
The guard walks 11 km daily.
The dunes wander 5 m a year to the east.
The forge used 800 g of coal per hour.
The herd eats 90 kg of hay a day.
The settlers paid 14 dollars a month.
The pump lifts 6 tonnes of water every hour.""",
    "de": """Die Mühle mahlte 40 kg Mehl am Tag.
Jede Lampe verbrennt 9 Liter Öl pro Woche.
Der Gletscher bewegt sich 30 cm pro Jahr.
Die Quelle liefert 70 Liter Wasser in der Minute.
Der Bäcker verkaufte 25 kg Brot jeden Tag.
Die Fähre verbraucht 60 Liter Treibstoff pro Stunde.
Der Wächter geht 11 km täglich.
Die Dünen wandern 5 m im Jahr nach Osten.
Die Schmiede verbrauchte 800 g Kohle pro Stunde.
Die Herde frisst 90 kg Heu am Tag.
Die Siedler zahlten 14 Dollar im Monat.
Die Pumpe hebt 6 Tonnen Wasser jede Stunde.""",
    "fr": """Le moulin produisait 40 kg de farine par jour.
Chaque lampe brûle 9 litres d’huile par semaine.
Le glacier avance de 30 cm par an.
La source donne 70 litres d’eau par minute.
Le boulanger vendait 25 kg de pain chaque jour.
Le bac consomme 60 litres de carburant par heure.
Le gardien marche 11 km par jour.
Les dunes avancent de 5 m par an vers l’est.
La forge utilisait 800 g de charbon par heure.
Le troupeau mange 90 kg de foin par jour.
Les colons payaient 14 dollars par mois.
La pompe élève 6 tonnes d’eau par heure.""",
    "es": """El molino producía 40 kg de harina al día.
Cada lámpara quema 9 litros de aceite por semana.
El glaciar avanza 30 cm por año.
La fuente da 70 litros de agua por minuto.
El panadero vendía 25 kg de pan cada día.
El transbordador gasta 60 litros de combustible por hora.
El guardia camina 11 km al día.
Las dunas avanzan 5 m al año hacia el este.
La fragua usaba 800 g de carbón por hora.
El rebaño come 90 kg de heno al día.
Los colonos pagaban 14 dólares al mes.
La bomba eleva 6 toneladas de agua por hora.""",
    "ru": """Мельница давала 40 кг муки в день.
Каждая лампа сжигает 9 литров масла в неделю.
Ледник движется на 30 см в год.
Источник даёт 70 литров воды в минуту.
Пекарь продавал 25 кг хлеба каждый день.
Паром сжигает 60 литров топлива в час.
Сторож проходит 11 км в день.
Дюны уходят на 5 м в год к востоку.
Кузница расходовала 800 г угля в час.
Стадо съедает 90 кг сена в день.
Поселенцы платили 14 долларов в месяц.
Насос поднимает 6 тонн воды в час.""",
}
# What was not done, and below it the same as if it were done.
REFUSED = {
    "en": """The council failed to repair the old bridge.
The council repaired the old bridge.
The duke refused to sell the island to the abbey.
The duke sold the island to the abbey.
The bank declined to publish the letters.
The bank published the letters.
The captain was unable to reach the harbour.
The captain reached the harbour.
The miners never returned to the valley.
The miners returned to the valley.
The parish neglected to pay the organ builder.
The parish paid the organ builder.
The attempt to drain the marsh failed.
The attempt to drain the marsh succeeded.
The senate refuses to release the records.
The senate releases the records.
The crew could not save the cargo.
The crew could save the cargo.
The museum fails to name the painter.
The museum names the painter.
The weavers were unwilling to join the guild.
The weavers were willing to join the guild.
The railway has ceased to serve the spa.
The railway serves the spa.""",
    "de": """Der Rat versäumte es, die alte Brücke zu reparieren.
Der Rat reparierte die alte Brücke.
Der Herzog weigerte sich, die Insel zu verkaufen.
Der Herzog war bereit, die Insel zu verkaufen.
Die Bank lehnte es ab, die Briefe zu veröffentlichen.
Die Bank beschloss, die Briefe zu veröffentlichen.
Der Kapitän war nicht in der Lage, den Hafen zu erreichen.
Der Kapitän war in der Lage, den Hafen zu erreichen.
Die Bergleute kehrten nie in das Tal zurück.
Die Bergleute kehrten in das Tal zurück.
Der Versuch, das Moor zu entwässern, scheiterte.
Der Versuch, das Moor zu entwässern, gelang.
Die Verhandlungen über den Zoll sind gescheitert.
Die Verhandlungen über den Zoll sind gelungen.
Der Senat weigert sich, die Akten freizugeben.
Der Senat beginnt, die Akten freizugeben.
Die Mannschaft konnte die Ladung nicht retten.
Die Mannschaft konnte die Ladung retten.
Die Rettung des Turmes misslang im Frühjahr.
Die Rettung des Turmes gelang im Frühjahr.
Der Plan der Weber scheiterte am Widerstand der Zunft.
Der Plan der Weber siegte am Widerstand der Zunft.
Die Gemeinde unterließ es, den Orgelbauer zu bezahlen.
Die Gemeinde schaffte es, den Orgelbauer zu bezahlen.""",
    "fr": """Le conseil a refusé de réparer le vieux pont.
Le conseil a décidé de réparer le vieux pont.
Le duc refusait de vendre l’île à l’abbaye.
Le duc acceptait de vendre l’île à l’abbaye.
La banque n’a pas publié les lettres.
La banque a publié les lettres.
Le capitaine était incapable d’atteindre le port.
Le capitaine était capable d’atteindre le port.
Les mineurs ne sont jamais revenus dans la vallée.
Les mineurs sont revenus dans la vallée.
La tentative de drainer le marais a échoué.
La tentative de drainer le marais a réussi.
Les négociations sur le péage ont échoué.
Les négociations sur le péage ont abouti.
Le sénat refuse de rendre les archives publiques.
Le sénat promet de rendre les archives publiques.
L’équipage n’a pas pu sauver la cargaison.
L’équipage a pu sauver la cargaison.
La paroisse a omis de payer le facteur d’orgues.
La paroisse a fini de payer le facteur d’orgues.
Le sauvetage de la tour échoua au printemps.
Le sauvetage de la tour réussit au printemps.
Le village est resté sans médecin pendant la guerre.
Le village est resté avec médecin pendant la guerre.""",
    "es": """El consejo se negó a reparar el viejo puente.
El consejo se decidió a reparar el viejo puente.
El duque rehusó vender la isla a la abadía.
El duque quiso vender la isla a la abadía.
El banco no publicó las cartas.
El banco publicó las cartas.
El capitán fue incapaz de llegar al puerto.
El capitán fue capaz de llegar al puerto.
Los mineros nunca volvieron al valle.
Los mineros volvieron al valle.
El intento de drenar la marisma fracasó.
El intento de drenar la marisma prosperó.
Las negociaciones sobre el peaje fracasaron.
Las negociaciones sobre el peaje prosperaron.
El senado se niega a abrir los archivos.
El senado se ofrece a abrir los archivos.
La tripulación no pudo salvar la carga.
La tripulación pudo salvar la carga.
El museo rechazó mostrar el cuadro.
El museo logró mostrar el cuadro.
El pueblo quedó sin médico durante la guerra.
El pueblo quedó con médico durante la guerra.
Ningún pastor cruzó el puerto aquel invierno.
Algún pastor cruzó el puerto aquel invierno.""",
    "ru": """Совет отказался чинить старый мост.
Совет согласился чинить старый мост.
Герцог не продал остров аббатству.
Герцог продал остров аббатству.
Банк отказался печатать письма.
Банк решил печатать письма.
Капитан не смог дойти до гавани.
Капитан смог дойти до гавани.
Горняки никогда не возвращались в долину.
Горняки возвращались в долину.
Попытка осушить болото провалилась.
Попытка осушить болото удалась.
Спасти груз экипажу не удалось.
Спасти груз экипажу удалось.
Сенат отказывается открыть архивы.
Сенат обещает открыть архивы.
Приход не заплатил мастеру органа.
Приход заплатил мастеру органа.
Музей не называет имя художника.
Музей называет имя художника.
Деревня осталась без врача во время войны.
Деревня осталась с врачом во время войны.
Переговоры о пошлине провалились.
Переговоры о пошлине удались.""",
}
NAMED = {
    "en": """In June 1871 Luke Martell bought the salt works from Hugh Berger.
Anna Holm defeated Karl Brandt in the election of March 1902.
Paul Vernet lent his fire engine to John Ronson in August 1911.
In May 1956 Mark Orion sold his shipyard to Guy Nordal.
Greta Lindqvist succeeded Oskar Weil in January 1934.
Elsa Roth hired Jonas Meyer in September 1949.
Peter Ahlgren taught Maria Sund to weave in February 1888.
In July 1923 Louise Hanko overtook Claire Vaasa in the contest.
Victor Kestrel rescued Henry Heron in December 1899.
In October 1808 Denis Tarvo replaced Giles Senja.
Julia Arden married Roger Brenta in November 1920.
In April 1987 Nina Halden returned the painting to Odile Kalmar.""",
    "de": """Im Juni 1871 kaufte Lukas Martell die Saline von Hugo Berger.
Anna Holm besiegte Karl Brandt bei der Wahl im März 1902.
Paul Vernet lieh seine Feuerspritze im August 1911 an Johann Ronsdorf aus.
Im Mai 1956 verkaufte Markus Orion seine Werft an Guido Nordal.
Greta Lindqvist folgte im Januar 1934 auf Oskar Weiland.
Elsa Roth beauftragte im September 1949 Jonas Meyer.
Peter Ahlgren lehrte Maria Sund im Februar 1888 das Weben.
Im Juli 1923 überholte Luise Hanko im Wettbewerb Klara Vaasa.
Viktor Kestrel rettete im Dezember 1899 Heinrich Heron.
Im Oktober 1808 ersetzte Denis Tarvo den Verwalter Egid Senja.
Julia Arden heiratete im November 1920 Roger Brenta.
Im April 1987 gab Nina Halden das Gemälde an Odilie Kalmar zurück.""",
    "fr": """En juin 1871 Luc Martel acheta la saline à Hugo Berger.
Anna Holm a battu Karl Brandt aux élections de mars 1902.
Paul Vernet prêta sa pompe à Jean Ronsard en août 1911.
En mai 1956 Marc Orion vendit son chantier à Guy Nordal.
Greta Lindqvist succéda à Oskar Weil en janvier 1934.
Elsa Roth engagea Jonas Meyer en septembre 1949.
Peter Ahlgren enseigna le tissage à Maria Sund en février 1888.
En juillet 1923 Louise Hanko dépassa Claire Vaasa au concours.
Victor Kestrel sauva Henri Heron en décembre 1899.
En octobre 1808 Denis Tarvo remplaça Gilles Senja.
Julie Arden épousa Roger Brenta en novembre 1920.
En avril 1987 Nina Halden rendit le tableau à Odile Kalmar.""",
    "es": """En junio de 1871 Luis Martel compró la salina a Hugo Berger.
Ana Holm venció a Carlos Brandt en las elecciones de marzo de 1902.
Pablo Vernet prestó su bomba a Juan Ronda en agosto de 1911.
En mayo de 1956 Marcos Orion vendió su astillero a Guido Nordal.
Greta Lindqvist sucedió a Oscar Weil en enero de 1934.
Elsa Roth contrató a Jonas Meyer en septiembre de 1949.
Pedro Ahlgren enseñó a tejer a Maria Sund en febrero de 1888.
En julio de 1923 Luisa Hanko superó a Clara Vaasa en el concurso.
Victor Kestrel rescató a Enrique Heron en diciembre de 1899.
En octubre de 1808 Denis Tarvo sustituyó a Gil Senja.
Julia Arden se casó con Rogelio Brenta en noviembre de 1920.
En abril de 1987 Nina Halden devolvió el cuadro a Odila Kalmar.""",
    "ru": """В июне 1871 года Лука Мартель купил солеварню у Гуго Бергера.
Анна Хольм победила Карла Брандта на выборах в марте 1902 года.
Павел Вернов одолжил насос Ивану Рондину в августе 1911 года.
В мае 1956 года Марк Орлов продал верфь Глебу Нордину.
Грета Линд сменила Оскара Вейля в январе 1934 года.
Эльза Рот наняла Ионаса Мейера в сентябре 1949 года.
Пётр Альгрен учил Марию Сунд ткать в феврале 1888 года.
В июле 1923 года Луиза Ханко обогнала Клару Ваасу на конкурсе.
Виктор Кестрин спас Генриха Херова в декабре 1899 года.
В октябре 1808 года Денис Тарвов заменил Глеба Сенина.
Юлия Арден вышла замуж за Романа Бренту в ноябре 1920 года.
В апреле 1987 года Нина Халден вернула картину Ольге Кальмар.""",
}
COUNTED = COUNTED_OF_BOTH | {
    "fr": """Le tramway est passé de 12 km en 1890 à 31 km en 1905.
Le moulin du haut produisait 40 tonnes et le moulin du bas 65 tonnes.
La traversée durait 9 heures en 1870 et 5 heures en 1910.
Parmi les brebis 62 % survécurent, parmi les agneaux 38 %.
La première cloche pèse 810 kg et la seconde 455 kg.
Le droit passa de 14 euros pour les habitants à 22 euros pour les visiteurs.
Le lac mesure 48 km de long et 7 km de large.
L’ancienne turbine donnait 3 mégawatts et la nouvelle 11 mégawatts.
Le siège du château dura 19 jours et celui de la ville 44 jours.
Le tunnel du nord coûta 85 euros par mètre et celui du sud 130 euros.
Le chœur comptait 27 membres en 1931 et 54 membres en 1938.
La pêche fut de 900 tonnes à l’est et de 350 tonnes à l’ouest.""",
    "es": """El tranvía pasó de 12 km en 1890 a 31 km en 1905.
El molino de arriba producía 40 toneladas y el de abajo 65 toneladas.
La travesía duraba 9 horas en 1870 y 5 horas en 1910.
De las ovejas sobrevivió el 62 %, de los corderos el 38 %.
La primera campana pesa 810 kg y la segunda 455 kg.
La tasa pasó de 14 euros para los vecinos a 22 euros para los visitantes.
El lago mide 48 km de largo y 7 km de ancho.
La vieja turbina daba 3 megavatios y la nueva da 11 megavatios.
El sitio del castillo duró 19 días y el de la ciudad 44 días.
El túnel del norte costó 85 euros por metro y el del sur 130 euros.
El coro tenía 27 miembros en 1931 y 54 miembros en 1938.
La pesca fue de 900 toneladas en el este y de 350 toneladas en el oeste.""",
    "ru": """Трамвай вырос с 12 км в 1890 году до 31 км в 1905 году.
Верхняя мельница давала 40 тонн, а нижняя 65 тонн.
Переправа длилась 9 часов в 1870 году и 5 часов в 1910 году.
Из овец выжило 62 %, из ягнят 38 %.
Первый колокол весит 810 кг, а второй 455 кг.
Сбор вырос с 14 рублей для жителей до 22 рублей для гостей.
Озеро имеет 48 км в длину и 7 км в ширину.
Старая турбина давала 3 мегаватта, а новая даёт 11 мегаватт.
Осада замка длилась 19 дней, а осада города 44 дня.
Северный туннель стоил 85 рублей за метр, а южный 130 рублей.
В хоре было 27 человек в 1931 году и 54 человека в 1938 году.
Улов был 900 тонн на востоке и 350 тонн на западе.""",
}
LANGUAGES = ("en", "de", "fr", "es", "ru")
GROUPS = (COMPARED, PERIODIC, NAMED, COUNTED)
_PLACES = (
    r"Kaldur|Venno|Lindby|Torsk|Marta Vale|Ines Corr|Alta|Brenn|Osby|Ruda|Halvor|Sigrid|Petra|Juno|Orrin"
)
_PLACES += (
    r"|Tesk|Falun|Gavle|Norby|Selby|Dario Penn|Luca Frey|Tolva|Merin|Калдур|Венно|Линдбю|Торск|Марта Вейл"
)
_PLACES += r"|Инес Корр|Альта|Бренн|Осбю|Руде|Халвор|Сигрид|Петра|Юнона|Оррин|Теск|Фалун|Евле|Норбю|Селбю"
_PLACES += r"|Дарио Пенн|Лука Фрей|Толва|Мерин"
UNITS = {
    "en": "kg>g|litres>gallons|cm>m|km>miles|m>feet|g>kg|dollars>euros|tonnes>kg",
    "de": "kg>g|Liter>Milliliter|cm>m|km>Meilen|m>cm|g>kg|Dollar>Euro|Tonnen>kg",
    "fr": "kg>g|litres>millilitres|cm>m|km>milles|m>cm|g>kg|dollars>euros|tonnes>kg",
    "es": "kg>g|litros>mililitros|cm>m|km>millas|m>cm|g>kg|dólares>euros|toneladas>kg",
    "ru": "кг>г|литров>миллилитров|см>м|км>миль|м>см|г>кг|долларов>евро|тонн>кг",
}
PERIODS = {
    "en": "a day>a week|per week>per day|per year>per month|a minute>an hour"
    "|every day>every week|an hour>a day|daily>weekly|a year>a month|per hour>per day"
    "|a month>a year|every hour>every day",
    "de": "am Tag>in der Woche|pro Woche>pro Tag|pro Jahr>pro Monat"
    "|in der Minute>in der Stunde|jeden Tag>jede Woche|pro Stunde>pro Tag"
    "|täglich>wöchentlich|im Jahr>im Monat|im Monat>im Jahr|jede Stunde>jeden Tag",
    "fr": "par jour>par semaine|par semaine>par jour|par an>par mois|par minute>par heure"
    "|chaque jour>chaque semaine|par heure>par jour|par mois>par an",
    "es": "al día>a la semana|por semana>por día|por año>por mes|por minuto>por hora"
    "|cada día>cada semana|por hora>por día|al año>al mes|al mes>al año",
    "ru": "в день>в неделю|в неделю>в день|в год>в месяц|в минуту>в час"
    "|каждый день>каждую неделю|в час>в день|в месяц>в год",
}
_PERSON = re.compile(r"(?<!Verwalter )\b([A-ZА-ЯЁ][a-zа-яё]+) ([A-ZА-ЯЁ][a-zа-яёéö]+)\b(?! \d)(?! von)")


def replaced(listed: str) -> Rule:
    """Make a rule that exchanges the first listed words it finds."""

    def rule(sentence: str) -> str | None:
        for pair in listed.split("|"):
            old, new = pair.split(">")
            told = re.sub(rf"(?<!\w){old}(?!\w)", new, sentence, count=1)
            if told != sentence:
                return told
        return None

    return rule


def another_surname(sentence: str) -> str | None:
    """Give the first person of a sentence another surname."""
    found = _PERSON.search(sentence)
    stranger = "Ломов" if found and re.match("[а-яё]", found[2], re.IGNORECASE) else "Dunmore"
    return sentence.replace(found[0], f"{found[1]} {stranger}", 1) if found else None


def surname_of_the_other(sentence: str) -> str | None:
    """Give the first person the surname of the second one."""
    people = _PERSON.findall(sentence)
    if len(people) < 2:
        return None
    return sentence.replace(" ".join(people[0]), f"{people[0][0]} {people[1][1]}", 1)


def pages(language: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each page with its sentences, one of each group."""
    groups = [group[language].splitlines() for group in GROUPS]
    for sentences in zip(*groups, REFUSED[language].splitlines()[::2], strict=True):
        yield " ".join(sentences), list(sentences)


def false_pairs(language: str) -> Iterator[tuple[str, str, str]]:
    """Yield kind, page, false sentence."""
    within = {
        "names reversed around a comparison": (0, swapped(_PLACES)),
        "unit": (1, replaced(UNITS[language])),
        "period": (1, replaced(PERIODS[language])),
        "surname": (2, another_surname),
        "surname of the other": (2, surname_of_the_other),
        "numbers swapped": (3, swapped(r"\b\d+\b")),
    }
    for at, (page, sentences) in enumerate(pages(language)):
        for kind, (group, rule) in within.items():
            if told := rule(sentences[group]):
                yield kind, page, told
        done = REFUSED[language].splitlines()[2 * at + 1]
        yield "refusal left out", page, done
        yield "refusal put in", page.replace(sentences[-1], done), sentences[-1]


LEAST_WORDS = 9  # of a sentence that keeps its citation behind words that are not on the page
BEGIN = {
    "en": "According to the chronicle, ",
    "de": "Der Chronik zufolge gilt: ",
    "fr": "Selon la chronique : ",
    "es": "Según la crónica: ",
    "ru": "По летописи: ",
}


def controls(language: str) -> Iterator[tuple[str, str, str]]:
    """Yield the way of telling, page, true sentence."""
    for at, (page, sentences) in enumerate(pages(language)):
        for sentence in sentences:
            yield "verbatim", page, sentence
            if len(sentence.split()) >= LEAST_WORDS:
                yield "with a beginning", page, BEGIN[language] + sentence
        done = REFUSED[language].splitlines()[2 * at + 1]
        yield "what was done", page.replace(sentences[-1], done), done
