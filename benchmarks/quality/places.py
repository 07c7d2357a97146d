# ruff: noqa: E501 - an article is one line
"""Make articles about invented places by rule.

The same is told about each place, with another detail. A question about a place whose article was taken
out meets articles that answer the same question about others. A question uses other forms of the
words than its article: another tense, a noun for a verb, a compound for its parts.
"""

NAMES = {
    "en": ("Garrowby", "Tolmere", "Withenfell", "Oskerley", "Pendrake", "Ravelstone"),
    "de": ("Garrendorf", "Tolmeren", "Wittenfelde", "Oskerlau", "Pendrach", "Ravelsheim"),
    "fr": ("Garoville", "Tolmère", "Vitenfelle", "Oscarlay", "Pendraque", "Ravelpierre"),
    "es": ("Garoval", "Tolmera", "Vitenosa", "Oscarlén", "Pendraca", "Ravelpiedra"),
    "ru": ("Гаровка", "Толмера", "Витенск", "Оскарлово", "Пендрак", "Равельск"),
    "ar": ("غاروفة", "تلميرة", "فيتنسة", "أسكرلة", "بندراقة", "رافلة"),
    "zh": ("加罗镇", "托尔梅镇", "维滕镇", "奥斯卡镇", "彭德镇", "拉韦尔镇"),
}
YEARS = ("1871", "1884", "1893", "1902", "1911", "1926")

# By language: title, text and question; {} is the place, {year} differs for each.
TOLD = {
    "en": (
        (
            "Bridge of {}",
            "The bridge of {} has crossed the river since {year}. Carpenters from the next valley built it of oak. Heavy carts have to go through the ford.",
            "What wood was used to build the bridge in {}?",
        ),
        (
            "Mill at {}",
            "The mill at {} ground rye for three villages. Its wheel was driven by a brook that runs dry in summer. The last miller gave up the business in {year}.",
            "When did the last miller of {} stop working?",
        ),
        (
            "School of {}",
            "The school of {} has two classrooms. One teacher instructs thirty children there. In winter the parents take turns at heating the stove. The house dates from {year}.",
            "How many children are taught at the school in {}?",
        ),
        (
            "Forest near {}",
            "Yews that are older than the town grow in the forest near {}. Rangers have counted the lynxes there every year since {year}. Mushrooms must not be picked.",
            "Which animals are counted in the forest of {}?",
        ),
    ),
    "de": (
        (
            "Brücke von {}",
            "Die Brücke von {} überspannt den Fluss seit {year}. Zimmerleute aus dem Nachbartal errichteten sie aus Eichenholz. Schwere Wagen müssen durch die Furt fahren.",
            "Aus welchem Holz ist die Brücke in {} errichtet worden?",
        ),
        (
            "Mühle {}",
            "Die Mühle in {} mahlte Roggen für drei Dörfer. Ihr Rad trieb ein Bach an, der im Sommer versiegt. Der letzte Müller gab den Betrieb {year} auf.",
            "Wodurch wurde das Mühlrad in {} angetrieben?",
        ),
        (
            "Schule von {}",
            "Die Schule von {} hat zwei Klassenzimmer. Eine Lehrerin unterrichtet dort dreißig Kinder. Im Winter heizen die Eltern abwechselnd den Ofen. Das Haus stammt von {year}.",
            "Wie viele Schulkinder werden in {} unterrichtet?",
        ),
        (
            "Wald bei {}",
            "Im Wald bei {} wachsen Eiben, die älter sind als die Stadt. Förster zählen dort seit {year} jedes Jahr die Luchse. Pilze dürfen nicht gesammelt werden.",
            "Welche Tiere werden im Wald bei {} gezählt?",
        ),
    ),
    "fr": (
        (
            "Pont de {}",
            "Le pont de {} franchit la rivière depuis {year}. Des charpentiers de la vallée voisine le bâtirent en chêne. Les charrettes lourdes doivent passer à gué.",
            "En quel bois le pont de {} a-t-il été bâti ?",
        ),
        (
            "Moulin de {}",
            "Le moulin de {} moulait le seigle de trois villages. Sa roue était entraînée par un ruisseau qui tarit en été. Le dernier meunier abandonna le métier en {year}.",
            "Quand le dernier meunier de {} a-t-il abandonné son métier ?",
        ),
        (
            "École de {}",
            "L’école de {} a deux salles de classe. Une institutrice y enseigne à trente enfants. En hiver, les parents chauffent le poêle à tour de rôle. La maison date de {year}.",
            "Combien d’enfants compte l’école de {} ?",
        ),
        (
            "Forêt de {}",
            "Des ifs plus vieux que la ville poussent dans la forêt de {}. Les gardes y comptent les lynx chaque année depuis {year}. Il est interdit de cueillir des champignons.",
            "Quels animaux compte-t-on dans la forêt de {} ?",
        ),
    ),
    "es": (
        (
            "Puente de {}",
            "El puente de {} cruza el río desde {year}. Carpinteros del valle vecino lo construyeron con madera de roble. Los carros pesados tienen que pasar por el vado.",
            "¿Con qué madera se construyó el puente de {}?",
        ),
        (
            "Molino de {}",
            "El molino de {} molía centeno para tres aldeas. Movía su rueda un arroyo que se seca en verano. El último molinero abandonó el oficio en {year}.",
            "¿Cuándo abandonó el oficio el último molinero de {}?",
        ),
        (
            "Escuela de {}",
            "La escuela de {} tiene dos aulas. Una maestra enseña allí a treinta niños. En invierno los padres se turnan para calentar la estufa. La casa es de {year}.",
            "¿A cuántos niños se enseña en la escuela de {}?",
        ),
        (
            "Bosque de {}",
            "En el bosque de {} crecen tejos más viejos que la ciudad. Los guardas cuentan allí los linces cada año desde {year}. Está prohibido recoger setas.",
            "¿Qué animales se cuentan en el bosque de {}?",
        ),
    ),
    "ru": (
        (
            "Мост в городе {}",
            "Мост в городе {} пересекает реку с {year} года. Плотники из соседней долины построили его из дуба. Тяжёлые телеги должны ехать через брод.",
            "Из какого дерева построен мост в городе {}?",
        ),
        (
            "Мельница в городе {}",
            "Мельница в городе {} молола рожь для трёх деревень. Её колесо вращал ручей, который летом пересыхает. Последний мельник бросил дело в {year} году.",
            "Когда последний мельник города {} бросил своё дело?",
        ),
        (
            "Школа в городе {}",
            "В школе города {} два класса. Учительница учит там тридцать детей. Зимой родители по очереди топят печь. Дом построен в {year} году.",
            "Сколько детей учится в школе города {}?",
        ),
        (
            "Лес у города {}",
            "В лесу у города {} растут тисы, которые старше самого города. Лесники с {year} года каждый год считают там рысей. Собирать грибы нельзя.",
            "Каких зверей считают в лесу у города {}?",
        ),
    ),
    "ar": (
        (
            "جسر {}",
            "يعبر جسر {} النهر منذ عام {year}. بناه نجارون من الوادي المجاور من خشب البلوط. وعلى العربات الثقيلة أن تمر من المخاضة.",
            "من أي خشب بني جسر {}؟",
        ),
        (
            "طاحونة {}",
            "كانت طاحونة {} تطحن الشعير لثلاث قرى. وكان يدير عجلتها جدول يجف في الصيف. ترك آخر طحان المهنة عام {year}.",
            "متى ترك آخر طحان في {} مهنته؟",
        ),
        (
            "مدرسة {}",
            "في مدرسة {} قاعتان للدرس. تعلم فيها معلمة واحدة ثلاثين طفلا. وفي الشتاء يتناوب الآباء على تدفئة الموقد. بني البيت عام {year}.",
            "كم طفلا تعلم المعلمة في مدرسة {}؟",
        ),
        (
            "غابة {}",
            "تنمو في غابة {} أشجار أقدم من المدينة. يعد الحراس فيها الوشق كل سنة منذ عام {year}. ويمنع قطف الفطر.",
            "أي حيوان يعده الحراس في غابة {}؟",
        ),
    ),
    "zh": (
        (
            "{}的桥",
            "{}的桥自{year}年起横跨河流。邻谷的木匠用橡木建造了它。沉重的马车必须涉水过河。",
            "{}的桥是用什么木头建造的？",
        ),
        (
            "{}的磨坊",
            "{}的磨坊为三个村庄磨黑麦。它的水轮由一条夏天干涸的小溪推动。最后一位磨坊主在{year}年停业。",
            "{}最后一位磨坊主是哪一年停业的？",
        ),
        (
            "{}的学校",
            "{}的学校有两间教室。一位女教师在那里教三十个孩子。冬天家长轮流烧炉子。校舍建于{year}年。",
            "{}的学校有多少个孩子？",
        ),
        (
            "{}的森林",
            "{}的森林里长着比城镇更古老的红豆杉。护林员自{year}年起每年在那里清点猞猁。禁止采蘑菇。",
            "{}的护林员每年清点什么动物？",
        ),
    ),
}
