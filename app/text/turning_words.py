"""List words that turn a meaning: negations, "all" and "some", hedges.

Opposites are in `app.text.opposite_words`.
"""


def word_set(words: str) -> frozenset[str]:
    """Return the words of a line, in lower case."""
    return frozenset(words.casefold().split())


NEGATIONS = {
    "en": word_set("""not no never none nobody nothing neither nor cannot without hardly barely failed
    fails isn't aren't wasn't weren't don't doesn't didn't won't can't couldn't shouldn't wouldn't hasn't
    haven't hadn't"""),
    "de": word_set("""nicht kein keine keinen keiner keines keinem nie niemals niemand niemanden nichts
    weder noch ohne kaum nirgends keinerlei keineswegs"""),
    "fr": word_set("ne n pas jamais aucun aucune sans ni rien personne guère nul nulle"),
    "es": word_set("no nunca jamás ningún ninguno ninguna sin ni nada nadie tampoco"),
    "it": word_set("non mai nessun nessuno nessuna senza né niente nulla"),
    "pt": word_set("não nunca jamais nenhum nenhuma sem nem nada ninguém"),
    "nl": word_set("niet geen nooit niemand niets zonder noch"),
    "ru": word_set("не ни нет никогда никто ничего без нельзя"),
}
# "noch" and "nor" follow another negation, and "ne" stands beside "pas": they do not count twice.
SECOND = word_set("nor noch ni ne n né nem")
_LANGUAGES_OF_BOTH = NEGATIONS["en"] | NEGATIONS["de"] - {"noch"}

ALL = word_set("""all every each always everyone everybody entire entirely wholly completely exclusively alle
    allen aller alles jede jeder jedes jeden jedem immer sämtliche sämtlichen stets ausnahmslos
    vollständig ganz ausschließlich tous toutes chaque toujours todos todas siempre
    все всех всем всеми каждый каждая каждое каждого всегда tutti tutte ogni sempre sempre alle elke iedere
    altijd""")
SOME = word_set("""majority minority handful mehrheit minderheit some many most several few often usually
    sometimes part partly mostly mainly
    frequently various certain numerous half einige einigen einiger manche mancher manchen viele vielen
    vieler meist meisten meistens oft teils teilweise mehrere mehreren mehrerer wenige wenigen etliche
    zahlreiche manchmal überwiegend größtenteils некоторые некоторых некоторым многие многих большинство
    часто иногда отдельные alcuni alcune molti molte parecchi parecchie spesso alguns algumas muitas
    várias vários enkele sommige meeste veel vele vaak soms certains certaines quelques plusieurs
    souvent parfois algunos algunas varios varias muchos muchas menudo""")
NEARLY = word_set("""almost nearly virtually practically fast nahezu beinahe annähernd presque quasiment casi
    почти quasi quase bijna""")
CERTAIN = word_set(
    """may might could perhaps possibly probably likely reportedly allegedly supposedly hopefully
    apparently seemingly presumably potentially maybe purportedly arguably conceivably suggests suggest
    suggested appears appear appeared seems seem seemed estimated believed thought alleged rumoured
    rumored suspected expected planned könnte könnten vielleicht möglicherweise womöglich wahrscheinlich
    vermutlich angeblich dürfte dürften offenbar mutmaßlich wohl anscheinend hoffentlich scheinbar
    eventuell voraussichtlich scheint scheinen schien geschätzt vermutet erwartet geplant mag mögen
    aurait auraient serait seraient peut-être probablement vraisemblablement sans-doute apparemment
    semble semblent prétendument probablemente quizá quizás posiblemente supuestamente aparentemente
    parece parecen habría habrían podría podrían вероятно возможно предположительно якобы по-видимому
    видимо наверное могло мог могла могли может могут кажется сообщается probabilmente forse potrebbe
    potrebbero presumibilmente sembra sembrano pare avrebbe avrebbero sarebbe sarebbero talvez
    provavelmente poderia poderiam supostamente parece teria teriam seria seriam mogelijk misschien
    waarschijnlijk vermoedelijk zou zouden blijkbaar lijkt lijken"""
)
HEDGES = CERTAIN | word_set(
    "should soll sollen sollte can kann können would würde würden sei seien habe hätte hätten"
)
# Who says something may deny it, doubt it, or only ask.
DENIALS = word_set("""deny denies denied doubt doubts doubted false untrue wrong myth reject rejects rejected
    dispute disputes disputed whether if unclear unlikely refuted claim claims claimed ob wenn falls
    bestreitet bestritt leugnet leugnete bezweifelt falsch unwahr mythos unklar behauptet behauptete
    behaupten widerlegt irrtum""")


# Who believes something, hopes or fears it says that it may be.
BELIEFS = word_set("""hope hopes hoped assume assumes assumed believe believes think thinks predict predicts
    predicted fear fears feared expects guess guessed imagine imagines imagined speculate speculates
    speculated suspects hofft hofften hoffte glaubt glaubten glaubte meint meinten meinte denkt dachte
    befürchtet befürchtete erwarten erwartet espère espérait croit croyait pense pensait suppose craint
    espera esperaba cree creía piensa supone teme spera crede pensava suppone acredita acha supõe hoopt
    gelooft denkt vreest надеется считает полагает думает""")
# Behind these a sentence goes on with another thing than its subject.
PREPOSITIONS = word_set("""of behind near beside besides with without by to for from about against under below
    above beyond toward towards von neben hinter mit bei für gegen unter gegenüber de des du derrière
    avec sans par pour contre con sin por para contra di del della senza""")


def negations(language: str) -> frozenset[str]:
    """Return a language's negations, English and German ones if unknown."""
    if language in ("", "en", "de"):
        return _LANGUAGES_OF_BOTH
    return NEGATIONS.get(language, frozenset())


# What says little about who or what is compared.
FILLERS = word_set("the a an is was are were der die das den dem ist war sind waren ein eine")
WEEKDAYS = word_set("""monday tuesday wednesday thursday friday saturday sunday montag dienstag mittwoch
    donnerstag freitag samstag sonntag""")
TITLES = word_set("""president minister king queen prince princess dr doctor prof professor sir lord lady
    mr mrs ms saint st general captain pope emperor kaiser papst präsident
    präsidentin könig königin prinz herr frau""")
CONJUNCTIONS = word_set("and or und oder et ou y o e och sowie as")
ARTICLES = word_set("""der die das dem den des ein eine einen einem einer eines ihr ihre ihren ihrer sein
    seine seinen seiner dieser diese dieses jener jene jede jeder the a an its their his her""")
# An article behind a noun begins another part of the sentence; a German genitive does not.
ARTICLES_OF_NEXT = word_set("""the a an its their his her this these die das den dem ein eine einen le la
    les un une el los las una il lo gli i o os as uma het een""")
# What no sentence is about.
BESIDES_ROLES = FILLERS | ARTICLES_OF_NEXT | word_set("one ones that those der des einer eines einem des de")
