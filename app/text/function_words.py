"""List each language's function and question words, for `app.text.languages`.

Function words tell a language and carry no subject. Negations are not among them: they turn a meaning.
Question words only make a sentence a question or an order.
"""

_FUNCTION = {
    "en": """a about above after again all also am an and any are as at be because been before being
        below between both but by can could d did do does doing done down during each either every few
        for from further get gets got had has have having he her here hers him his i if in into is it
        its itself just ll m may me might more most much must my of off on once one only or other our
        out over own re s same she should so some such t than that the their them then there these they
        this those through to too under until up upon us ve very was we were while will with within
        would you your""",
    "de": """aber alle allem allen aller alles als also am an andere anderen auch auf aus bei beim bin
        bis da dabei dafür damit dann das dass dazu dein dem den denn der deren des dessen die dies
        diese diesem diesen dieser dieses doch dort du durch ein eine einem einen einer eines er es etwa
        etwas euch für gegen gibt hab habe haben hat hatte hatten hier ich ihm ihn ihnen ihr ihre ihrem
        ihren ihrer im in indem ins ist jede jedem jeden jeder jedes kann können konnte machen man mehr
        mein mich mir mit nach noch nun nur ob oder ohne schon sehr sein seine seinem seinen seiner seit
        sich sie sind so solche soll sollen sollte sondern sowie über um und uns unser unter vom von vor
        war waren weil welchem wenn werden wieder wir wird wo worden wurde wurden zu zum zur zwischen""",
    "fr": """a afin ai ainsi alors après au aucun aussi autre autres aux avait avant avec avoir c ce
        cela ces cet cette ceux chaque chez comme d dans de depuis des deux donc dont du durant elle
        elles en encore entre es est et étaient était étant été être eu eux fait faire fut il ils j je l
        la le les leur leurs lors lui m ma mais me même mes moi moins mon n nos notre nous on ont ou où
        par parce pas pendant peu peut peuvent plus pour puis qu que qui s sa sans se selon sera ses si
        soit son sont sous sur t ta tes toi ton tous tout toute toutes très tu un une vers vos votre
        vous y""",
    "es": """a al algo algunas algunos además ante antes aquel así aun aunque cada como con contra cual
        cuando de del desde después donde dos durante e el él ella ellas ellos en entre era eran es esa
        esas ese eso esos esta está están estas este esto estos fue fueron ha había han hasta hay la las
        le les lo los más me mi mientras mis mucho muy nos nosotros o otra otras otro otros para pero
        poco por porque pues puede pueden que quien se sea según ser si sí sido sin sobre son su sus
        también tan tanto te tenía tiene tienen todo todos tras tu tus un una unas uno unos usted y ya
        yo""",
    "pt": """a à ao aos as às até com como da das de dela dele depois do dos e é ela elas ele eles em
        entre era eram essa esse esta está este eu foi foram há isso isto já lhe mais mas me mesmo meu
        minha muito na nas no nos nós o os ou para pela pelas pelo pelos por porque pode quando que quem
        são se seja sem ser seu seus só sobre sua suas também te tem têm ter tinha um uma umas você""",
    "it": """a ad agli ai al alla alle allo anche ancora avere aveva c che chi ci come con contro cui da
        dagli dai dal dalla dalle degli dei del della delle dello di dopo dove e è ed era erano essere
        fra furono fu gli ha hanno i il in io l la le lei li lo loro lui ma mi mio ne negli nei nel
        nella nelle noi o ogni per perché però più poi può quando quello questa queste questi questo se
        sei si sia sono su sua sue sugli sui sul sulla suo suoi tra tu tutti tutto un una uno vi voi""",
    "nl": """aan al alle als bij binnen daar dan dat de deze die dit doen door dus een en er ge had
        hadden hebben heeft hem het hier hij hoe hun iets ik in is je kan kon kunnen maar me meer men
        met mijn moet na naar nog nu of om omdat ons onder ook op over reeds te tegen toch toen tot
        tussen u uit uw van veel voor want waren was wat we werd werden wel wij wordt worden zal ze zich
        zij zijn zo zou""",
    "ru": """а без бы был была были было быть в вам вас весь во вот все всё всего всех вы где да даже
        для до его ее её если есть еще ещё же за здесь и из или им их к как ко когда кто ли либо меня
        мне может мы на над надо наш него нее неё них но о об однако он она они оно от очень по под
        после потому при про с свой свою своих сам себя со так также такой там те тем то того тоже той
        только том тот у уже хотя чего чем через что чтобы эта эти это этого этой этом этот этих я""",
    "ar": """أو أي أن إن إلى ألا أما أنا أنت أيضا إذا إذ بعد بعض بل بين بها به بأن تحت تم التي الذي
        الذين اللذان اللتان ثم جدا حتى حول حيث حين خلال ذلك تلك على عليه عليها عن عند عندما غير في فيه
        فيها فقد فقط قبل قد كان كانت كانوا كل كما كنت لأن لدى لقد لكن له لها لهم مثل مع من منه منها منذ
        نحو هذا هذه هؤلاء هنا هناك هو هي هم و وقد وكان وكانت وهو وهي ومن وفي يكون تكون يتم""",
    "hi": """अपना अपनी अपने और आदि इस इसका इसकी इसके इसे इन इनके उन उनका उनकी उनके उनको उस उसका उसकी
        उसके उसे एक एवं ऐसे कर करता करते करना करने कहा का काफी कि किया की कुछ कुल के को गई गए गया जब
        जहाँ जा जाता जाती जाते जिस जिसे जो तक तथा तब तो था थी थे द्वारा दिया दी ने पर पहले फिर बहुत बाद
        भी मैं में यदि यह यहाँ या ये रहा रहे लिए लेकिन व वह वहाँ वाला वाली वाले वे सब सभी साथ से हम ही
        हुआ हुई हुए है हैं हो होता होती होते होना""",
    "zh": """的 了 是 在 和 与 及 或 而 也 都 就 其 这 那 之 于 由 从 到 对 为 以 被 把 将 着 过 吗 呢
        吧 啊 个 的是 是在 的一""",
    "ja": """の は が を に へ と で も や か から まで より です ます でした ました ている ていた
        という いる ある した する""",
    "ko": "은 는 이 가 을 를 의 에 에서 로 으로 와 과 도 만 입니다 습니까 합니다 했다 있다 이다",
    "th": """ที่ และ ของ ใน เป็น มี ได้ ให้ จาก กับ โดย ว่า นี้ นั้น ซึ่ง แต่ หรือ ก็ จะ คือ ถูก ไว้
        แล้ว ครับ ค่ะ""",
}

_ASKING = {
    "en": """actually compare compared describe detail details differ difference differences different
        discuss exactly explain explanation give happen happens how kind list many mean meaning means
        overview please relate related relates relation relationship role say summarise summarize tell
        thing things understand use used uses using versus vs want way ways what when where whether
        which who whom whose why work working works""",
    "de": """bedeutet beschreibe erkläre erklären genau nenne nennen unterschied unterschiede vergleiche
        wann warum was wem wen wer weshalb welche welcher welches welchen wessen wie wieso wieviel viele
        viel wieviele wodurch woher wohin womit wofür woraus worin funktioniert""",
    "fr": """combien comment compare comparez décris décrivez différence différences explique expliquez
        laquelle lequel lesquelles lesquels pourquoi quand quel quelle quelles quels quoi signifie veut
        dire""",
    "es": """compara cómo cuál cuáles cuándo cuánta cuántas cuánto cuántos describe diferencia
        diferencias dónde explica explique qué quién quiénes significa""",
    "pt": "como onde porquê qual quais quando quanta quantas quanto quantos quê quem explique significa",
    "it": "che chi come dove perché quale quali quando quanta quante quanti quanto spiega significa",
    "nl": "hoe hoeveel waar waarom wanneer wat welk welke wie leg uit betekent",
    "ru": """где зачем как какая какие каким каких какого каком какому какими какое какой какую когда
        кого кому кто куда насколько объясни объясните откуда опиши отличается почему сколько сравни
        чего чему чей что чья разница означает значит""",
    "ar": "أين أيّ أية اشرح كم كيف لماذا لم ما ماذا متى هل من معنى يعني الفرق قارن صف",
    "hi": """कब कहाँ कहां किस किसका किसकी किसके किसने किसे कितना कितनी कितने कैसा कैसी कैसे कौन कौनसा
        क्या क्यों समझाइए बताइए""",
    "zh": """什么 什麼 哪一年 哪年 哪个 哪個 哪些 哪里 哪裡 哪位 哪一 哪 谁 誰 何时 何時 何处 何 为什么
        為什麼 为何 怎么 怎麼 怎样 怎樣 如何 多少 几个 几 幾 多长 多高 多大 多远 多久 请问 解释 说明
        什么时候 是什么 是多少""",
    "ja": """何年 何人 何 なに なん いつ どこ 誰 だれ なぜ どうして どのように どの どれ どんな いくつ
        いくら どう ですか でしたか ますか ましたか のですか 教えてください 説明してください とは""",
    "ko": "무엇 무슨 언제 어디 누구 누가 왜 어떻게 어느 어떤 몇 얼마나 얼마 입니까 인가요 설명",
    "th": """อะไร เมื่อไร เมื่อใด เมื่อไหร่ ที่ไหน ใคร ทำไม อย่างไร ยังไง เท่าไร เท่าใด เท่าไหร่ กี่ ไหน
        ใด ปีใด ปีไหน หรือไม่""",
}

FUNCTION_WORDS = {language: frozenset(words.split()) for language, words in _FUNCTION.items()}
QUESTION_WORDS = {language: frozenset(words.split()) for language, words in _ASKING.items()}
