# ruff: noqa: E501 - an article is one line
"""Make short articles about invented places in nine languages.

Each answers a question.

All of it was written for this benchmark. A question uses other forms of the words than its article, and
sometimes another word. `STATIONS` makes articles that differ in a name and a year only: whoever asks about
one that is not there must not be told about another one.
"""

# By language: title, text and question of each.
WRITTEN = {
    "en": (
        (
            "Tallow Point Light",
            "Tallow Point Light is a brick tower on the western shore of Lake Orrin. Engineers from Hasp finished it in 1868 after two earlier towers had fallen into the water. Its lamp burned whale oil until the winter of 1902. A keeper and three assistants lived in the stone house below.",
            "What fuel did the lamp at Tallow Point burn?",
        ),
        (
            "Orrin Canal Company",
            "The Orrin Canal Company dug a waterway of forty kilometres between the lake and the mills of Hasp. Barges were pulled by mules, two to a boat. The company paid its last dividend in 1911. Most of the bed is a footpath today.",
            "Which animals pulled the barges on the Orrin canal?",
        ),
        (
            "Vesper moth",
            "The vesper moth is a small grey insect that lives in reed beds. Its caterpillars eat nothing but the seeds of the marsh rush. Adults fly for nine days in August and do not feed at all. Birds avoid them because of a bitter oil in their wings.",
            "Why do birds avoid vesper moths?",
        ),
        (
            "Hasp bell foundry",
            "For two centuries the foundry at Hasp cast bells from copper and tin. Agnes Bellweather was the first woman to run it. Under her the largest bell of the county, weighing six tonnes, was cast for the abbey. A fire in the moulding shed closed the works.",
            "Who was the first woman to manage the bell foundry in Hasp?",
        ),
        (
            "Dry farming on the Corran plateau",
            "Little rain falls on the Corran plateau. Farmers therefore plough deep in autumn and cover the soil with flat stones that hold back the dew. Barley and lentils are sown in turn. The method yields half as much as irrigated land, but it needs no wells.",
            "How do farmers on the Corran plateau keep moisture in the soil?",
        ),
    ),
    "de": (
        (
            "Uhrenmuseum Sandau",
            "Das Uhrenmuseum in Sandau zeigt vierhundert Turmuhren. Der Uhrmacher Emil Roth gründete die Sammlung im Jahr 1934 in einer alten Brauerei. Die älteste Uhr stammt aus einem Kloster und geht in der Woche nur zwei Minuten nach. Montags bleibt das Haus geschlossen.",
            "Wer hat die Sammlung des Sandauer Uhrenmuseums gegründet?",
        ),
        (
            "Moorbahn Lenzbruch",
            "Die Moorbahn Lenzbruch brachte Torf aus dem Hochmoor zur Ziegelei. Ihre Gleise lagen auf Bohlen aus Lärchenholz, weil Schwellen im weichen Boden versanken. Zwölf Lokomotiven wurden mit Torf beheizt. Seit 1971 fahren auf der Strecke nur noch Ausflügler.",
            "Warum lagen die Gleise der Moorbahn auf Bohlen?",
        ),
        (
            "Der Wallgraben von Ostheim",
            "Der Wallgraben umgab die Altstadt von Ostheim auf drei Seiten. Bürger hielten darin Karpfen, die der Rat zu Weihnachten verkaufte. Beim Bau der Ringstraße wurde der Graben zugeschüttet. Ein Teich im Park ist der letzte Rest.",
            "Welche Fische wurden im Ostheimer Wallgraben gehalten?",
        ),
        (
            "Silberdistelhonig",
            "Silberdistelhonig ist ein heller Honig aus den Bergen um Marlau. Die Imker tragen ihre Bienenkörbe im Juli auf die Weiden oberhalb der Baumgrenze. Der Honig kristallisiert erst nach einem Jahr. Er schmeckt leicht nach Harz.",
            "Nach welcher Zeit kristallisieren Honige aus der Silberdistel?",
        ),
        (
            "Glasharfe",
            "Die Glasharfe von Marlau besteht aus einunddreißig Kelchen, die mit Wasser gestimmt werden. Spielerinnen streichen mit feuchten Fingern über die Ränder. Das Instrument wurde für eine Oper gebaut, die niemals aufgeführt wurde.",
            "Wie werden die Kelche der Glasharfe gestimmt?",
        ),
    ),
    "fr": (
        (
            "Le pont suspendu d’Arvelle",
            "Le pont suspendu d’Arvelle franchit la gorge de la Noire depuis 1841. Ses câbles furent tressés par des cordiers de marine. Une tempête emporta le tablier en 1879, et les habitants traversèrent en barque pendant six ans. Le péage fut supprimé après la reconstruction.",
            "Qui a tressé les câbles du pont d’Arvelle ?",
        ),
        (
            "Les salines de Port-Gris",
            "Les salines de Port-Gris couvrent douze hectares au bord de l’étang. Les sauniers y récoltent le sel à la main, entre juin et septembre. Une algue donne à l’eau sa couleur rose. Le sel était autrefois échangé contre du bois.",
            "Contre quoi échangeait-on le sel de Port-Gris ?",
        ),
        (
            "L’horloge de la halle",
            "L’horloge de la halle de Brézac sonne treize coups à midi. Selon la légende, un apprenti s’était trompé d’engrenage. Le conseil municipal refusa de la faire réparer en 1903. Chaque année, une fête célèbre ce treizième coup.",
            "Combien de coups sonne l’horloge de Brézac à midi ?",
        ),
        (
            "La chèvre des Aubrières",
            "La chèvre des Aubrières est une race rustique à longs poils noirs. Elle supporte la neige mieux que toute autre. Son lait sert à fabriquer un fromage affiné dans des grottes de craie. Il en restait quarante en 1980.",
            "Où affine-t-on le fromage de la chèvre des Aubrières ?",
        ),
        (
            "L’école de cartographie de Brézac",
            "L’école de cartographie de Brézac forma des dessinateurs pour la marine. Les élèves gravaient le cuivre pendant trois ans avant de toucher à la couleur. Elle ferma lorsque la photographie aérienne remplaça les levés à la planchette.",
            "Pourquoi l’école de cartographie a-t-elle fermé ?",
        ),
    ),
    "es": (
        (
            "El acueducto de Valdesoto",
            "El acueducto de Valdesoto llevaba agua desde la sierra hasta los molinos. Lo construyeron canteros portugueses en 1762. Tiene ochenta y dos arcos de granito. Un terremoto derribó tres de ellos, que nunca se repararon.",
            "¿Cuántos arcos tiene el acueducto de Valdesoto?",
        ),
        (
            "La feria de los espejos",
            "La feria de los espejos se celebra en Almuria cada primavera. Los artesanos venden espejos de estaño pulido. La costumbre nació cuando un naufragio dejó en la playa un cargamento de metal. Los niños reciben un espejo pequeño al cumplir siete años.",
            "¿De qué material son los espejos que se venden en Almuria?",
        ),
        (
            "El alcornocal de Rozas",
            "El alcornocal de Rozas da corcho a toda la comarca. Cada árbol se descorcha una vez cada nueve años. Los cerdos comen las bellotas en otoño. Un incendio quemó la mitad del bosque en 1985.",
            "¿Cada cuántos años se descorchan los alcornoques de Rozas?",
        ),
        (
            "El tranvía de sangre de Almuria",
            "El tranvía de sangre de Almuria funcionó hasta 1914. Sus coches eran arrastrados por mulas desde el puerto hasta la catedral. En las cuestas se añadía un tercer animal. Los billetes eran fichas de latón.",
            "¿De qué estaban hechos los billetes del tranvía de Almuria?",
        ),
        (
            "La biblioteca de Sor Inés",
            "Sor Inés reunió en su convento dos mil libros de botánica. Los donó a la universidad con la condición de que las mujeres pudieran leerlos. Hoy ocupan una sala de la planta baja. El herbario se perdió en una inundación.",
            "¿Con qué condición donó Sor Inés sus libros?",
        ),
    ),
    "ru": (
        (
            "Канатная дорога в Верхозёрске",
            "Канатная дорога в Верхозёрске соединила рудник с железной дорогой. Её построили ссыльные инженеры в 1938 году. Вагонетки двигались без мотора, под тяжестью руды. После закрытия рудника опоры разобрали на мосты.",
            "За счёт чего двигались вагонетки канатной дороги в Верхозёрске?",
        ),
        (
            "Кружевницы Малой Ветлы",
            "Кружевницы Малой Ветлы плели кружево из льняной нити. Узоры передавали от матери к дочери и не записывали. Скупщики увозили работы на ярмарку дважды в год. Музей кружева открылся в здании бывшей школы.",
            "Из какой нити плели кружева в Малой Ветле?",
        ),
        (
            "Озеро Тихое",
            "Озеро Тихое лежит в кратере древнего вулкана. Его вода остаётся тёплой до ноября из-за горячих источников на дне. Рыба в озере не водится. Местные жители верят, что под водой стоит колокольня.",
            "Почему вода в озере Тихом остаётся тёплой?",
        ),
        (
            "Почтовый тракт на Сулун",
            "Почтовый тракт на Сулун шёл через тайгу четыреста вёрст. На станциях держали оленей вместо лошадей. Самым трудным участком считали переправу через реку Белую. Письмо доходило за три недели.",
            "Каких животных держали на станциях сулунского тракта?",
        ),
        (
            "Художник Пётр Лагунов",
            "Пётр Лагунов писал зимние пейзажи на жести. Он смешивал краски с воском, чтобы они не трескались на морозе. Его картины нашли на чердаке аптеки. Двенадцать из них выставлены в губернском музее.",
            "Зачем Лагунов смешивал краску с воском?",
        ),
    ),
    "ar": (
        (
            "سوق النحاسين في زهران",
            "يقع سوق النحاسين في زهران قرب البوابة الشرقية. أسسه التجار في القرن السابع عشر بعد حريق السوق القديم. كان الصناع يطرقون القدور قبل الفجر حتى صدر قانون يمنع الضجيج. وما زالت فيه عشرون ورشة.",
            "متى أسس التجار سوق النحاسين؟",
        ),
        (
            "واحة أم السدر",
            "تعيش واحة أم السدر على نبع واحد يخرج من الصخر. يقسم الأهالي الماء بينهم بساعة من الرمل. يزرعون النخيل والرمان والبرسيم. وتقام في الواحة مسابقة للهجن كل ربيع.",
            "كيف يقسم أهل الواحة المياه؟",
        ),
        (
            "سفينة الغزال",
            "كانت الغزال سفينة شراعية تنقل التمور إلى الهند. صنعها النجارون من خشب الساج من غير مسامير. غرقت في عاصفة قرب الجزر السود. وجد الغواصون جرسها بعد مئة عام.",
            "من أي خشب صنعت سفينة الغزال؟",
        ),
        (
            "مدرسة الخط في بلدة تلال",
            "علمت مدرسة الخط في تلال أبناء الفقراء الكتابة مجانا. كان المعلم يصنع الحبر من قشور الجوز. اشتهرت المدرسة بنسخ دواوين الشعر. وأغلقت حين وصلت المطابع.",
            "مم كان المعلم يصنع الحبر في مدرسة الخط؟",
        ),
        (
            "جبل القمرين",
            "يرتفع جبل القمرين فوق سهل واسع من الملح. تسكن كهوفه خفافيش بيضاء لا توجد في مكان آخر. صعده المستكشفون أول مرة من جهة الشمال. ويغطيه الضباب أكثر أيام السنة.",
            "ماذا يعيش في كهوف جبل القمرين؟",
        ),
    ),
    "zh": (
        (
            "云溪造纸坊",
            "云溪造纸坊位于山谷的下游。工匠用青檀树皮和稻草制作画纸。每张纸要在火墙上烘干两次。清代的画家常常托人到这里买纸。",
            "云溪的工匠用什么原料造纸？",
        ),
        (
            "石桥镇的水钟",
            "石桥镇的水钟建于一四五二年，由一位退休的官员设计。水从三个铜壶依次流下，推动木人敲鼓。冬天结冰时，看守人用炭火给铜壶加热。水钟在地震中损坏，后来没有修复。",
            "冬天看守人怎样防止水钟的铜壶结冰？",
        ),
        (
            "白鹭湖的盐井",
            "白鹭湖边有十七口盐井。最深的一口深达三百米，是用竹缆和铁钻打成的。盐工唱着号子提卤水。铁路通车以后，外地的盐更便宜，盐井就停产了。",
            "白鹭湖最深的盐井有多深？",
        ),
        (
            "青岭高山蜂",
            "青岭高山蜂是一种黑色的蜜蜂，生活在海拔三千米以上。它们在岩缝里筑巢，只采杜鹃花的花蜜。当地人每年秋天取蜜一次。这种蜂蜜吃多了会让人头晕。",
            "青岭高山蜂采哪种花的蜜？",
        ),
        (
            "渡口的皮影戏班",
            "渡口的皮影戏班由陈氏一家经营了五代。他们用驴皮雕刻人物，用桐油灯照明。战争期间戏班在船上演出。最后一位班主把四百件皮影捐给了博物馆。",
            "战争时期渡口的戏班在哪里演出？",
        ),
    ),
    "ja": (
        (
            "霧ヶ浦の灯船",
            "霧ヶ浦の灯船は浅瀬の上に錨で固定されていた。乗組員は六人で、二週間ごとに交代した。霧の日には銅の鐘を鳴らした。一九五三年に無人の灯標に置き換えられた。",
            "霧の日に灯船では何を鳴らしましたか",
        ),
        (
            "白石の和ろうそく",
            "白石の和ろうそくはハゼの実から採った蝋で作られる。職人は芯に和紙と灯心草を巻く。炎が大きく、風に強い。寺の注文が減ったため、今では二軒だけが残っている。",
            "白石のろうそくの蝋は何から採りますか",
        ),
        (
            "鳴沢の氷室",
            "鳴沢の氷室は山の北側に掘られた穴である。村人は冬に池の氷を切り出し、おがくずで覆って保存した。氷は夏に城へ運ばれた。運ぶ人は夜だけ歩くことを許された。",
            "鳴沢の氷はどのように保存されましたか",
        ),
        (
            "海鳥島の郵便局",
            "海鳥島の郵便局は一年のうち三か月だけ開く。局長は鳥の研究者が兼ねている。消印には島にしかいない海鳥が描かれている。手紙は週に一度、漁船で運ばれる。",
            "海鳥島の手紙は何で運ばれますか",
        ),
        (
            "赤谷鉄道",
            "赤谷鉄道は銅山の鉱石を港まで運んだ。急な坂では歯車の付いたレールを使った。客車は日曜日だけ連結された。鉱山が閉じると線路は遊歩道になった。",
            "急な坂で赤谷鉄道はどんなレールを使いましたか",
        ),
    ),
    "hi": (
        (
            "नीलकोट की बावड़ी",
            "नीलकोट की बावड़ी एक रानी ने अकाल के बाद बनवाई थी। इसमें सात मंज़िलें और तीन सौ सीढ़ियाँ हैं। पानी तक सूरज की किरणें केवल दोपहर में पहुँचती हैं। यात्री यहाँ अपने ऊँटों को पानी पिलाते थे।",
            "नीलकोट की बावड़ी में कितनी सीढ़ियाँ हैं?",
        ),
        (
            "पहाड़ी रेशम बुनकर",
            "सोनगढ़ के बुनकर जंगली रेशम से चादरें बुनते हैं। धागे को अनार के छिलके से रंगा जाता है। एक चादर बनाने में दो महीने लगते हैं। व्यापारी इन्हें मेले में बेचते हैं।",
            "सोनगढ़ के बुनकर धागे को किससे रंगते हैं?",
        ),
        (
            "चंदन नदी का नाव पुल",
            "चंदन नदी पर नावों को जोड़कर एक पुल बनाया गया था। बरसात में पुल खोल दिया जाता था ताकि लकड़ी के लट्ठे निकल सकें। पुल का कर एक आना था। नया पुल बनने पर नावें बेच दी गईं।",
            "बरसात में नाव पुल क्यों खोला जाता था?",
        ),
        (
            "तारापुर वेधशाला",
            "तारापुर वेधशाला एक गणितज्ञ ने संगमरमर से बनवाई थी। वहाँ ग्रहणों का समय निकाला जाता था। सबसे बड़ी धूपघड़ी बीस मीटर ऊँची है। आज वहाँ बच्चों का विद्यालय है।",
            "तारापुर की सबसे बड़ी धूपघड़ी कितनी ऊँची है?",
        ),
        (
            "मिट्टी का थिएटर",
            "रामेली का थिएटर मिट्टी और भूसे से बना है। कलाकार मुखौटे पहनकर रात भर नाटक करते हैं। दर्शक टिकट के बदले अनाज देते हैं। हर साल दीवारों की मरम्मत गाँव के लोग करते हैं।",
            "रामेली के थिएटर में दर्शक टिकट के बदले क्या देते हैं?",
        ),
    ),
    "th": (
        (
            "ตลาดน้ำบางเรียง",
            "ตลาดน้ำบางเรียงเปิดเฉพาะวันข้างขึ้น แม่ค้าพายเรือมาขายขนมตาลและน้ำผึ้งป่า เด็กในหมู่บ้านเรียนว่ายน้ำก่อนเรียนหนังสือ ตลาดเคยถูกไฟไหม้เมื่อร้อยปีก่อน",
            "แม่ค้าในตลาดน้ำบางเรียงขายอะไร",
        ),
        (
            "หอระฆังเขาแก้ว",
            "หอระฆังเขาแก้วสร้างด้วยไม้สักทั้งหลัง ระฆังใบใหญ่หล่อจากทองเหลืองที่ชาวบ้านบริจาค พระสงฆ์ตีระฆังเมื่อมีหมอกเพื่อบอกทางแก่เรือ",
            "ระฆังใบใหญ่ของหอระฆังเขาแก้วหล่อจากอะไร",
        ),
        (
            "ผ้าทอดอยหมอก",
            "ผ้าทอดอยหมอกย้อมด้วยเปลือกไม้และโคลน ลวดลายแต่ละแบบบอกชื่อตระกูลของผู้ทอ ผืนหนึ่งใช้เวลาทอสี่เดือน",
            "ผ้าทอดอยหมอกผืนหนึ่งใช้เวลาทอกี่เดือน",
        ),
    ),
}

NAMES = ("Belmora", "Quint", "Sarnath", "Dovrik", "Ulvane", "Tessaly")
YEARS = (1871, 1884, 1897, 1903, 1919, 1926)
# By language: names, and the pattern of title, text and question.
STATIONS = {
    "en": (
        NAMES,
        "{} station",
        "{} station lies on the branch line to the coast. It opened in {year} with two platforms. A clock tower stands beside the waiting room. Trains stop there twice a day.",
        "When did the station at {} open?",
    ),
    "de": (
        NAMES,
        "Bahnhof {}",
        "Der Bahnhof {} liegt an der Nebenstrecke zur Küste. Er wurde {year} mit zwei Bahnsteigen eröffnet. Neben dem Wartesaal steht ein Uhrturm. Züge halten dort zweimal am Tag.",
        "Wann wurde der Bahnhof in {} eröffnet?",
    ),
    "fr": (
        NAMES,
        "Gare de {}",
        "La gare de {} se trouve sur la ligne secondaire de la côte. Elle fut ouverte en {year} avec deux quais. Une tour d’horloge se dresse près de la salle d’attente. Les trains s’y arrêtent deux fois par jour.",
        "Quand la gare de {} a-t-elle été ouverte ?",
    ),
    "es": (
        NAMES,
        "Estación de {}",
        "La estación de {} está en el ramal de la costa. Se abrió en {year} con dos andenes. Junto a la sala de espera hay una torre con reloj. Los trenes paran allí dos veces al día.",
        "¿Cuándo se abrió la estación de {}?",
    ),
    "ru": (
        ("Бельмора", "Квинт", "Сарнат", "Доврик", "Ульван", "Тессали"),
        "Станция {}",
        "Станция {} находится на ветке к побережью. Она открылась в {year} году с двумя платформами. Рядом с залом ожидания стоит башня с часами. Поезда останавливаются там дважды в день.",
        "В каком году открылась станция {}?",
    ),
    "ar": (
        ("بلمورا", "كوينت", "سرنات", "دوفريك", "أولفان", "تسالي"),
        "محطة {}",
        "تقع محطة {} على الخط الفرعي إلى الساحل. افتتحت عام {year} برصيفين. يقف برج الساعة بجانب قاعة الانتظار. تتوقف القطارات هناك مرتين في اليوم.",
        "متى افتتحت محطة {}؟",
    ),
    "zh": (
        ("贝尔莫拉", "昆特港", "萨尔纳", "多夫里克", "乌尔万", "泰萨利"),
        "{}车站",
        "{}车站位于通往海岸的支线上。车站于{year}年启用，有两个站台。候车室旁边有一座钟楼。列车每天在那里停两次。",
        "{}车站是哪一年启用的？",
    ),
    "ja": (
        ("ベルモラ", "クイント", "サルナト", "ドヴリク", "ウルヴァン", "テサリー"),
        "{}駅",
        "{}駅は海岸へ向かう支線にある。駅は{year}年に二つのホームで開業した。待合室の横に時計塔が立つ。列車は一日に二回停車する。",
        "{}駅はいつ開業しましたか",
    ),
    "hi": (
        ("बेलमोरा", "क्विंट", "सरनाथ", "डोव्रिक", "उल्वान", "टेसाली"),
        "{} स्टेशन",
        "{} स्टेशन तट की ओर जाने वाली शाखा लाइन पर है। यह {year} में दो प्लेटफ़ॉर्मों के साथ खुला। प्रतीक्षालय के पास घंटाघर खड़ा है। रेलगाड़ियाँ वहाँ दिन में दो बार रुकती हैं।",
        "{} स्टेशन कब खुला?",
    ),
}
