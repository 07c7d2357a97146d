"""List units of measure as words, by what they mean."""

import re

_UNIT_WORDS = {
    "%": """% procent percento percent percentage prozent
        pourcent pourcentage ciento процент процента процентов بالمئة""",
    "km": """km chilometri chilometro quilômetros quilómetros quilômetro kilometre kilometres kilometer
        kilometers kilometern kilomètres kilómetros
        километр километра километров км""",
    "m": "m metri meter metre metres meter meters metern mètre mètres metro metros метр метра метров м",
    "cm": """cm centimetre centimetres centimeter centimeters zentimeter centimètres centímetros
        сантиметр сантиметров см""",
    "mm": "mm millimetre millimetres millimeter millimeters millimètres milímetros миллиметр миллиметров мм",
    "mile": "mile miglia mijl milhas miles mi meile meilen milles millas миль мили миля",
    "foot": "foot piedi pés voet feet ft fuß pieds pies футов фута фут",
    "inch": "inch inches zoll pouces pulgadas дюймов дюйма",
    "yard": "yard yards yd ярдов",
    "km²": "km² quadratkilometer quadratkilometern",
    "m²": "m² quadratmeter quadratmetern",
    "m³": "m³ kubikmeter kubikmetern",
    "hectare": "hectare ettari hectares hectares hektar ha hectáreas гектаров га",
    "acre": "acre acres акров",
    "kg": """kg chilogrammi chili quilos quilogramas kilogram
        kilograms kilogramm kilo kilos килограмм килограммов кг""",
    "g": "g gram grams gramm grammes gramos грамм граммов г",
    "mg": "mg milligram milligrams milligramm milligrammes miligramos миллиграмм миллиграммов мг",
    "pound": "pound sterline libras pond pounds lb lbs pfund £ gbp",
    "ounce": "ounce ounces oz unzen",
    "tonne": """tonne tonnellate ton megatonne gigatonne kilotonne tonnes ton
        tons t tonnen tonelada toneladas тонн тонны тонна""",
    "litre": "litre litri litres liter liters l litern litro litros литр литра литров л",
    "ml": "ml millilitre millilitres milliliter milliliters mililitros миллилитров мл",
    "hl": "hl hectolitres hektoliter",
    "gallon": "gallon gallons gallonen galones галлонов",
    "barrel": "barrel barrels bbl barriles баррелей",
    "celsius": "c celsius цельсия",
    "fahrenheit": "f fahrenheit фаренгейта",
    "kelvin": "k kelvin",
    "$": "$ dollari usd dollar dollars dólares долларов доллара",
    "€": "€ eur euro euros евро",
    "yen": "¥ yen jpy 円",
    "rouble": "rubel roubles rubles рублей рубля рубль",
    "krone": "kronen kronor kroner crowns",
    "franc": "franken francs",
    "cent": "cents pence",
    "hour": "hour uur uren ore hours stunde stunden heure heures hora horas часов часа час",
    "minute": "minute minuti minuut minuten minutes minuten minuto minutos минут минуты",
    "second": "seconds secondi seconden sekunde sekunden secondes segundos секунд секунды",
    "day": "day giorni giorno dagen dag dias dia days tag tage tagen jour jours día días дней дня день",
    "week": "week settimane settimana weken weeks woche wochen semaine semaines semana semanas недель недели",
    "year": """year anni anno jaren jaar anos ano years jahr
        jahre jahren année années ans año años лет года год""",
    "month": "month mesi maanden maand mês months monat monate monaten mois mes meses месяцев месяца",
    "decade": """decade decenni decennia decades jahrzehnt
        jahrzehnte jahrzehnten décennies décadas десятилетий""",
    "century": "centuries secoli eeuwen séculos jahrhunderte jahrhunderten siècles siglos веков",
    "w": "w watt watts vatios ватт вт",
    "milliwatt": "milliwatt milliwatts milliwatten",
    "tw": "tw terawatt terawatts térawatts teravatios",
    "pp": "prozentpunkt prozentpunkte prozentpunkten procentpunt procentpunten процентный процентных",
    "kw": "kw kilovatios kilowatt kilowatts киловатт квт",
    "mw": "mw megawatt megawatts mégawatts megavatios мвт мегаватт мегаватта",
    "gw": "gw gigawatt gigawatts gigavatios гвт",
    "kwh": """kwh kilowatt-hours kilowatt-hour kilowattheures
        kilowattora kilowattuur квтч kilowattstunden kilowattstunde""",
    "mwh": """mwh megawatt-hours megawatt-hour megawattstunde
        mégawattheures megawattora megawattuur мвтч megawattstunden""",
    "gwh": """gwh gigawatt-hours gigawatt-hour gigawattstunde
        gigawattheures gigawattora gigawattuur гвтч gigawattstunden""",
    "twh": """twh terawatt-hours terawatt-hour terawattstunde
        térawattheures terawattora terawattuur твтч terawattstunden""",
    "volt": "v volt volts вольт",
    "kilovolt": "kv kilovolt kilovolts",
    "knot": "knot knots knoten nœuds nudos узлов",
    "mph": "mph",
    "hz": "hz hertz",
    "khz": "khz kilohertz",
    "mhz": "mhz megahertz",
    "ghz": "ghz gigahertz",
    "kb": "kb kilobyte kilobytes",
    "mb": "mb megabyte megabytes",
    "gb": "gb gigabyte gigabytes",
    "tb": "tb terabyte terabytes",
    "kcal": "kcal kilocalories kilokalorien",
    "kj": "kj kilojoule kilojoules",
    "bar": "bar",
    "psi": "psi",
}
UNITS = {word: unit for unit, words in _UNIT_WORDS.items() for word in words.split()}
DEGREES = frozenset(["degree", "degrees", "grad", "degré", "degrés", "grados", "градусов", "градуса"])
SQUARED = {
    **dict.fromkeys(["square", "sq", "cuadrados", "carrés", "квадратных"], "²"),
    **dict.fromkeys(["cubic", "cúbicos", "cubes", "кубических"], "³"),
}
POWERS = frozenset(["kw", "mw", "gw", "tw"])
HOUR_WORDS = frozenset(["hour", "hours", "heures", "heure", "hora", "horas"])
POINT_WORDS = frozenset(["point", "points", "punto", "puntos", "punti", "ponto", "pontos"])
_IN_PERCENT = ("pourcentage", "porcentual", "porcentuales", "percentuali", "percentuale", "percentuais")
OF_PERCENT = frozenset(["percentage", "percent", "%", *_IN_PERCENT])
# Capital letters that tell a unit or a scale from another one.
CASED = {"mW": "milliwatt", "Mt": "megatonne", "Gt": "gigatonne", "kt": "kilotonne"}
_HAN_UNITS = {
    "km": "公里 千米",
    "m": "米",
    "cm": "厘米",
    "mm": "毫米",
    "km²": "平方公里 平方千米",
    "m²": "平方米",
    "m³": "立方米",
    "hectare": "公顷",
    "tonne": "吨 噸",
    "kg": "公斤 千克",
    "g": "克",
    "litre": "升",
    "mile": "英里",
    "foot": "英尺",
    "hour": "小时 小時",
    "minute": "分钟 分鐘",
    "second": "秒",
    "day": "天",
    "week": "周 星期",
    "$": "美元",
    "€": "欧元 歐元",
    "yen": "日元",
    "pound": "英镑 英鎊",
    "yuan": "元 人民币",
    "pp": "个百分点 個百分點",
    "kwh": "千瓦时 千瓦時",
    "kw": "千瓦",
    "mw": "兆瓦",
    "gw": "吉瓦",
    "celsius": "摄氏度",
    "fahrenheit": "华氏度",
}
_UNIT_OF_HAN = {word: unit for unit, words in _HAN_UNITS.items() for word in words.split()}
_HAN_UNIT = re.compile("|".join(sorted(_UNIT_OF_HAN, key=len, reverse=True)))


def han_unit(word: str) -> str:
    """Return the unit that Chinese characters behind a number begin with."""
    found = _HAN_UNIT.match(word)
    return _UNIT_OF_HAN[found[0]] if found else ""
