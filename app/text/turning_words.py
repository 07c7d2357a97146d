"""List words that turn a meaning.

They are negations, opposites, "all" and "some", and hedges.
"""


def _set(words: str) -> frozenset[str]:
    return frozenset(words.casefold().split())


NEGATIONS = {
    "en": _set("""not no never none nobody nothing neither nor cannot without hardly barely failed fails isn't
    aren't wasn't weren't don't doesn't didn't won't can't couldn't shouldn't wouldn't hasn't haven't
    hadn't"""),
    "de": _set("""nicht kein keine keinen keiner keines keinem nie niemals niemand niemanden nichts weder noch
    ohne kaum nirgends keinerlei keineswegs"""),
    "fr": _set("ne n pas jamais aucun aucune sans ni rien personne guère nul nulle"),
    "es": _set("no nunca jamás ningún ninguno ninguna sin ni nada nadie tampoco"),
    "it": _set("non mai nessun nessuno nessuna senza né niente nulla"),
    "pt": _set("não nunca jamais nenhum nenhuma sem nem nada ninguém"),
    "nl": _set("niet geen nooit niemand niets zonder noch"),
    "ru": _set("не ни нет никогда никто ничего без нельзя"),
}
# "noch" and "nor" follow another negation, and "ne" stands beside "pas": they do not count twice.
SECOND = _set("nor noch ni ne n né nem")
_LANGUAGES_OF_BOTH = NEGATIONS["en"] | NEGATIONS["de"] - {"noch"}

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
)


def _pairs(listed: tuple[tuple[str, str], ...]) -> tuple[tuple[frozenset[str], frozenset[str]], ...]:
    return tuple((_set(one), _set(other)) for one, other in listed)


OPPOSITES = _pairs(_OPPOSITES)
IN_PLACE = _pairs(_OPPOSITES + _IN_PLACE)
# Put before a word they make it its opposite.
NEGATING = ("un", "in", "im", "il", "ir", "non", "dis", "nicht", "miss")

ALL = _set("""all every each always everyone everybody entire entirely wholly completely exclusively alle
    allen aller alles jede jeder jedes jeden jedem immer sämtliche sämtlichen stets ausnahmslos
    vollständig ganz ausschließlich tous toutes chaque toujours todos todas siempre""")
SOME = _set("""some many most several few often usually sometimes part partly mostly mainly frequently various
    certain numerous half einige einigen einiger manche mancher manchen viele vielen vieler meist
    meisten meistens oft teils teilweise mehrere mehreren mehrerer wenige wenigen etliche zahlreiche
    manchmal überwiegend größtenteils certains certaines quelques plusieurs souvent parfois algunos
    algunas varios varias muchos muchas menudo""")
NEARLY = _set("almost nearly virtually practically fast nahezu beinahe annähernd")
CERTAIN = _set("""may might could perhaps possibly probably likely reportedly allegedly supposedly apparently
    seemingly presumably potentially maybe purportedly arguably conceivably suggests suggest
    suggested appears appear appeared seems seem seemed estimated believed thought alleged rumoured
    rumored suspected expected planned könnte könnten vielleicht möglicherweise womöglich
    wahrscheinlich vermutlich angeblich dürfte dürften offenbar mutmaßlich wohl anscheinend
    scheinbar eventuell voraussichtlich scheint scheinen schien geschätzt vermutet erwartet geplant
    mag mögen aurait auraient serait seraient peut-être probablement vraisemblablement sans-doute
    apparemment semble semblent prétendument probablemente quizá quizás posiblemente supuestamente
    aparentemente parece parecen habría habrían""")
HEDGES = CERTAIN | _set(
    "should soll sollen sollte can kann können would würde würden sei seien habe hätte hätten"
)
# Who says something may deny it, doubt it, or only ask.
DENIALS = _set("""deny denies denied doubt doubts doubted false untrue wrong myth reject rejects rejected
    dispute disputes disputed whether if unclear unlikely refuted claim claims claimed ob wenn falls
    bestreitet bestritt leugnet leugnete bezweifelt falsch unwahr mythos unklar behauptet behauptete
    behaupten widerlegt irrtum""")


def negations(language: str) -> frozenset[str]:
    """Return a language's negations, English and German ones if unknown."""
    if language in ("", "en", "de"):
        return _LANGUAGES_OF_BOTH
    return NEGATIONS.get(language, frozenset())


# What says little about who or what is compared.
FILLERS = _set("the a an is was are were der die das den dem ist war sind waren ein eine")
WEEKDAYS = _set("""monday tuesday wednesday thursday friday saturday sunday montag dienstag mittwoch
    donnerstag freitag samstag sonntag""")
TITLES = _set("""president minister king queen prince princess dr doctor prof professor sir lord lady mr mrs
    ms saint st general captain pope emperor kaiser papst präsident
    präsidentin könig königin prinz herr frau""")
CONJUNCTIONS = _set("and or und oder et ou y o e och sowie as")
ARTICLES = _set("""der die das dem den des ein eine einen einem einer eines ihr ihre ihren ihrer sein seine
    seinen seiner dieser diese dieses jener jene jede jeder the a an its their his her""")
