"""List words that turn the meaning in each other's place."""

from app.text.turning_words import word_set

Opposites = tuple[tuple[frozenset[str], frozenset[str]], ...]

# Opposites wherever they stand in the two texts.
_OPPOSITES = (
    (
        """rose rise rises risen rising increase increases increased increasing grew grow grows grown growing
        climbed gained up higher more growth stieg steigt gestiegen stiegen wuchs wächst gewachsen zugenommen
        erhöht erhöhte zunahm mehr höher""",
        """fell fall falls fallen falling decrease decreases decreased decreasing declined declines dropped
        drop drops shrank shrunk lost down lower less fewer decline sank sinkt gesunken sanken fiel fielen
        gefallen schrumpfte abgenommen gesenkt verringert abnahm weniger niedriger""",
    ),
    (
        "larger bigger greater longer taller heavier faster older better stronger größer länger älter",
        "smaller shorter lighter slower younger worse weaker kleiner kürzer jünger langsamer",
    ),
    ("before prior vor bevor earlier früher", "after nach nachdem later später"),
    (
        "first highest largest most best erste höchste größte meisten",
        "last lowest smallest least worst letzte",
    ),
    (
        "won win wins allowed permitted gewann gewonnen erlaubt",
        "loses lost forbidden prohibited verlor verloren verboten",
    ),
    ("north northern nördlich norden", "south southern südlich süden"),
    ("east eastern östlich osten", "west western westlich westen"),
    ("majority mehrheit", "minority minderheit"),
    ("profit gewinn", "loss verlust"),
)
# Opposites only where one stands in the other's place: elsewhere they mean too many things.
_IN_PLACE = (
    ("hotter hot warmer warm heißer heiß wärmer", "colder cold cooler cool kälter kalt kühler"),
    ("heavier heavy schwerer schwer", "lighter light leichter leicht"),
    ("faster fast quicker quick schneller schnell", "slower slow langsamer langsam"),
    ("higher high höher hoch hohe hohen", "lower low niedriger niedrig niedrige tiefer niedrigen"),
    ("older old älter alt alte alten", "younger newer young new jünger neuer neu neue neuen jung"),
    ("longer long länger lang", "shorter short kürzer kurz"),
    ("larger bigger greater large big great größer groß", "smaller small little kleiner klein"),
    ("wider wide broader breiter breit", "narrower narrow schmaler schmal"),
    ("deeper deep tiefer tief", "shallower shallow flacher flach"),
    ("stronger strong stärker stark", "weaker weak schwächer schwach"),
    ("richer rich reicher reich", "poorer poor ärmer arm"),
    ("better good best besser gut beste", "worse bad worst schlechter schlecht schlechteste"),
    ("earlier early früher früh", "later late später spät"),
    (
        "more most increased rose grew climbed doubled tripled mehr meisten stieg stiegen wuchs",
        """fewer less least decreased fell declined dropped halved shrank weniger wenigsten sank sanken fiel
        fielen""",
    ),
    ("accepted accepts approved supported supports", "rejected rejects refused opposed opposes"),
    ("angenommen billigte unterstützte", "abgelehnt verwarf lehnte"),
    ("opened opens open öffnete eröffnet geöffnet", "closed closes shut schloss geschlossen"),
    ("began begins started starts begann beginnt", "ended ends stopped stops endete endet"),
    ("bought buys kaufte kauft", "sold sells verkaufte verkauft"),
    ("import imports einfuhr importe", "export exports ausfuhr exporte"),
    ("above over oberhalb über", "below under unterhalb unter"),
    ("inside within innerhalb", "outside beyond außerhalb"),
    ("with mit", "without ohne"),
    ("included includes including einschließlich", "excluded excludes excluding ausschließlich"),
    ("safe sicher", "dangerous unsafe gefährlich unsicher"),
    ("positive positiv", "negative negativ"),
    ("legal rechtmäßig", "illegal unrechtmäßig"),
    ("public öffentlich öffentliche", "private privat private"),
    ("maximum at-most höchstens maximal", "minimum at-least mindestens minimal"),
    ("upper obere oberen", "lower untere unteren"),
    ("joined entered trat", "left verließ"),
    ("born geboren", "died gestorben starb"),
    ("won beat gained gewann", "lost forfeited verlor"),
    ("caused causes verursachte verursacht", "prevented prevents verhinderte verhindert"),
    ("improved improves verbesserte verbessert", "worsened worsens verschlechterte verschlechtert"),
    ("succeeded success erfolg", "failed failure misserfolg"),
    ("left links linke linken", "right rechts rechte rechten"),
    ("male männlich", "female weiblich"),
    ("same gleich gleiche", "different verschieden andere"),
    ("nahm", "ging"),
    ("zu zugenommen", "zurück ab abgenommen"),
    ("present anwesend", "absent abwesend"),
    ("plus más", "moins menos"),
    (
        """augmenté augmente augmenta monté progressé crû hausse aumentó aumentaron subió subieron creció
        crecieron""",
        "diminué diminue diminua baissé reculé chuté baisse disminuyó disminuyeron bajó bajaron cayó cayeron",
    ),
    ("supérieur supérieure supérieurs mayor mayores", "inférieur inférieure inférieurs menor menores"),
    ("avant antes", "après después"),
    ("ouvert ouvre abrió abre", "fermé ferme cerró cierra"),
    ("gagné remporté ganó ganaron", "perdu perdió perdieron"),
    ("autorisé approuvé accepté permitió aprobó aceptó", "interdit rejeté refusé prohibió rechazó"),
    ("cheaper cheap cheapest billiger billig günstiger", "dearer expensive costlier costly teurer teuer"),
    ("easier easy simpler simple leichter einfacher einfach", "harder hard difficult schwieriger schwierig"),
    ("often frequently usually regularly oft häufig meist", "seldom rarely hardly infrequently selten"),
    ("many much viele vielen", "few little wenige wenigen"),
    ("mostly largely mainly always typically meistens stets", "rarely seldom never scarcely kaum selten"),
    ("highly very strongly extremely stark sehr", "less slightly barely poorly weakly schwach wenig"),
    ("love loves loved liebt liebte", "hate hates hated hasst hasste"),
    ("elder older ältere älterer", "younger jüngere jüngerer"),
    ("likely wahrscheinlich", "unlikely unwahrscheinlich"),
    ("survived überlebte überlebten", "died perished starb starben"),
    (
        "confirmed confirms acknowledged admitted admits conceded bestätigte bestätigten räumte bekräftigte",
        "denied denies disputed rejected bestritt dementierte leugnete bestritten",
    ),
    ("has have had possesses offers holds", "lacks lacked lack"),
    ("traf trafen erreichte erreichten hit hits", "verfehlte verfehlten missed misses"),
    ("nahm nahmen", "lehnte lehnten"),
    ("an angenommen", "ab abgelehnt"),
    ("until till bis", "since from ab seit"),
    ("jusqu jusque", "depuis dès"),
    ("hasta", "desde"),
    (
        """tallest highest longest largest biggest greatest oldest heaviest fastest richest deepest widest
        strongest warmest hottest busiest safest cheapest best""",
        """shortest lowest smallest youngest newest lightest slowest poorest shallowest narrowest weakest
        coldest coolest quietest worst""",
    ),
    (
        """größte größten höchste höchsten längste längsten
        älteste ältesten schnellste stärkste reichste tiefste""",
        """kleinste kleinsten niedrigste niedrigsten kürzeste
        kürzesten jüngste jüngsten langsamste schwächste ärmste""",
    ),
    (
        "double doubled twice doppelt verdoppelt verdoppelte doubles",
        "half halved halb halbiert halbierte halves",
    ),
    (
        "supported backed favoured favored endorsed befürwortete",
        "opposed criticised criticized condemned ablehnte",
    ),
    ("agreed agree agrees consented", "disagreed disagree disagrees objected"),
    ("passed adopted enacted verabschiedete", "repealed defeated vetoed rejected blocked kippte"),
    ("hired employed appointed einstellte ernannte", "fired dismissed sacked entließ entlassen"),
    ("created founded established gründete", "abolished dissolved disbanded auflöste"),
    ("gaining gains gain", "losing loses lose"),
    (
        "rising growing increasing climbing steigende wachsende",
        "falling shrinking declining dropping sinkende fallende",
    ),
    ("expanded enlarged extended expands erweiterte", "reduced shortened cut contracted verkleinerte"),
    ("strengthened strengthens stärkte", "weakened weakens schwächte"),
    ("raised raises hob erhöhte", "lowered lowers cut reduced senkte"),
    ("arrived arrives", "departed departs"),
    ("guilty schuldig", "innocent acquitted unschuldig"),
    ("presence", "absence"),
    ("advantage advantages vorteil vorteile", "disadvantage disadvantages drawback nachteil nachteile"),
    ("surplus überschuss", "deficit defizit"),
    ("victory sieg", "defeat niederlage"),
    ("ally allies", "enemy enemies rival rivals"),
    ("domestic inländische", "foreign ausländische"),
    ("urban städtische", "rural ländliche"),
    ("voluntary freiwillig", "compulsory mandatory verpflichtend"),
    ("temporary vorübergehend", "permanent dauerhaft"),
    ("directly direkt", "indirectly indirekt"),
    ("primary", "secondary"),
    ("civilian civilians", "military"),
    ("caro cara caros caras", "barato barata baratos baratas"),
    ("быстрее", "медленнее"),
    ("больше", "меньше"),
    ("выше", "ниже"),
    ("дороже", "дешевле"),
    ("старше", "моложе"),
    ("длиннее", "короче"),
    ("лучше", "хуже"),
    ("раньше", "позже"),
    ("теплее", "холоднее"),
    (
        "вырос выросла выросло выросли увеличился увеличилась увеличилось увеличились повысился повысилась",
        "упал упала упало упали снизился снизилась снизилось снизились уменьшился уменьшилась уменьшились",
    ),
    ("после", "до перед"),
    ("открыли открыт открыта открылся", "закрыли закрыт закрыта закрылся"),
    ("купил купила купили", "продал продала продали"),
    ("выиграл выиграла выиграли", "проиграл проиграла проиграли"),
    ("разрешил разрешила разрешили", "запретил запретила запретили"),
    ("поддержал поддержали", "отверг отвергли"),
    ("dopo", "prima"),
    ("più", "meno"),
    ("aumentato aumentò aumenta cresciuto", "diminuito diminuì calato sceso"),
    ("maggiore maggiori", "minore minori"),
    ("aperto aprì", "chiuso chiuse"),
    ("vinto vinse", "perso perse"),
    ("depois", "antes"),
    ("mais", "menos"),
    ("aumentou cresceu subiu", "diminuiu caiu baixou"),
    ("maior maiores", "menor menores"),
    ("abriu aberto", "fechou fechado"),
    ("ganhou venceu", "perdeu"),
    ("meer", "minder"),
    ("groter", "kleiner"),
    ("hoger", "lager"),
    ("steeg stegen gestegen", "daalde daalden gedaald"),
    ("voor", "na"),
    ("opende geopend", "sloot gesloten"),
    ("won gewonnen", "verloor verloren"),
)


def _pairs(listed: tuple[tuple[str, str], ...]) -> Opposites:
    return tuple((word_set(one), word_set(other)) for one, other in listed)


OPPOSITES = _pairs(_OPPOSITES)
IN_PLACE = _pairs(_OPPOSITES + _IN_PLACE)
# Put before a word they make it its opposite.
NEGATING = ("un", "in", "im", "il", "ir", "non", "dis", "nicht", "miss")
