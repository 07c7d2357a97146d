"""Compare what turns a meaning in Chinese."""

import re

MAX_TITLED = 12  # names of a claim that are looked for
SHARED_PAIRS = 0.6  # of a claim's pairs of characters that the page's sentence has
TOLD_PAIRS = 0.3  # of the pairs of a clause of the page that the claim has, too
_HAN_CLAUSE = re.compile("[，；。！？,;]")
_ENDS = " \n。．.！!？?"

# They contain a sign of negation and deny nothing.
_NO_NEGATION = re.compile(
    "不过|不過|不仅|不僅|不久|不断|不斷|不同|不少|不但|差不多|不得不|不管|不论|不論"
    "|不等|不锈|不鏽|非常|非洲|无论|無論|未来|未來|除非|莫非|不止|不只|无线|無線"
    "|没收|沒收|不禁|不妨|不料|不愧"
)
_NEGATION = re.compile("[不没沒未无無非]|拒绝|拒絕")
_HEDGE = re.compile(
    "可能|也许|也許|或许|或許|据称|據稱|据说|據說|似乎|大概|疑似|涉嫌|预计|預計|料将|被认为|被認為|估计|估計"
)
_ALL = re.compile("全部|所有|一切|全体|全體|每[个個人位家名]|全都|均[为為已有]|完全|一律")
_SOME = re.compile("部分|一些|有些|某些|多数|多數|大多|少数|少數|几个|幾個|若干|有的|个别|個別|许多|許多")
_OPPOSITE_PAIRS = """
    高于|低于 多于|少于 大于|小于 超过|不足 战前|战后 之前|之后 以前|以后 增加|减少
    上升|下降 增长|下降 提高|降低 上涨|下跌 支持|反对 同意|拒绝 赞成|反对 赢得|输掉
    击败|败给 购买|出售 进口|出口 开始|结束 开放|关闭 有效|无效 合法|非法 最大|最小
    最高|最低 最早|最晚 最长|最短 东部|西部 北部|南部 批准|否决 至少|至多 成功|失败
    快于|慢于 早于|晚于 优于|劣于 贵|便宜
    之前|之後 以前|以後 戰前|戰後 增加|減少 增長|下降 高於|低於 多於|少於 大於|小於
    超過|不足 上漲|下跌 支持|反對 同意|拒絕 贊成|反對 贏得|輸掉 擊敗|敗給 購買|出售
    進口|出口 開始|結束 開放|關閉 有效|無效 東部|西部 批准|否決 快於|慢於 早於|晚於
    優於|劣於 貴|便宜
"""
_HAN_OPPOSITES = tuple(tuple(pair.split("|")) for pair in _OPPOSITE_PAIRS.split())
# Who is on the left of these did it to who is on the right.
_HAN_VERB = re.compile(
    "击败|擊敗|打败|收购|收購|高于|低于|多于|少于|大于|小于|超过|战胜|戰勝|导致|導致"
    "|引发|引發|造成|起诉|起訴|入侵|吞并"
)
_SURNAMES = (
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦许何吕施张孔曹严华金魏陶姜谢邹苏潘葛范彭鲁韦马方任袁柳唐薛雷贺汤"
    "罗郝安于傅康伍余顾孟黄穆萧尹姚邵汪毛狄戴宋熊纪项董梁杜阮季贾江童郭梅林钟徐邱骆高夏蔡田胡凌霍万卢莫丁"
    "邓石崔龚程陆"
)
_TITLES = "教授|先生|女士|博士|总统|主席|部长|市长|总理|院士|将军|法官|议员|总裁"
_TITLED = re.compile(rf"[{_SURNAMES}][\u4e00-\u9fff]{{0,2}}(?={_TITLES})")


def turned(claim: str, page: str) -> str:
    """Return why a Chinese claim contradicts its page's sentence, or ""."""
    claim = claim.rstrip(_ENDS)
    if _shared(claim, page) < SHARED_PAIRS:
        return ""
    page = _part(claim, page)
    return _denied(claim, page) or _hedged(claim, page) or _opposite(claim, page) or _sides(claim, page)


def _part(claim: str, page: str) -> str:
    """Return the clauses of a sentence that the claim tells, too."""
    said = _pairs(claim)
    clauses = [clause for clause in _HAN_CLAUSE.split(page) if clause]
    told = [one for one in clauses if len(_pairs(one) & said) >= TOLD_PAIRS * len(_pairs(one))]
    return "，".join(told) or page


def titled(claim: str) -> list[str]:
    """Return the names that stand before a title."""
    return _TITLED.findall(claim)[:MAX_TITLED]


def _shared(claim: str, page: str) -> float:
    mine, theirs = _pairs(claim), _pairs(page)
    return len(mine & theirs) / len(mine) if mine else 0.0


def _pairs(text: str) -> frozenset[str]:
    return frozenset(text[at : at + 2] for at in range(len(text) - 1))


def _denied(claim: str, page: str) -> str:
    said, there = (bool(_NEGATION.search(_NO_NEGATION.sub("", text))) for text in (claim, page))
    return "the page says the opposite: a negation differs" if said != there else ""


def _hedged(claim: str, page: str) -> str:
    if _HEDGE.search(page) and not _HEDGE.search(claim):
        return "the page says it with a reservation that is missing here"
    some, all_ = _SOME.search(page), _ALL.search(claim)
    if some and all_ and not _ALL.search(page) and not _SOME.search(claim):
        return f"the page says “{some[0]}”, not “{all_[0]}”"
    return ""


def _opposite(claim: str, page: str) -> str:
    for one, other in _HAN_OPPOSITES:
        for mine, theirs in ((one, other), (other, one)):
            if mine in claim and theirs not in claim and theirs in page and mine not in page:
                return f"the page says “{theirs}”, not “{mine}”"
    return ""


def _sides(claim: str, page: str) -> str:
    """Compare who stands on which side of one verb."""
    said, there = _HAN_VERB.search(claim), _HAN_VERB.search(page)
    if not said or not there or said[0] != there[0]:
        return ""
    left, right = _pairs(claim[: said.start()]), _pairs(claim[said.end() :])
    before, behind = _pairs(page[: there.start()]), _pairs(page[there.end() :])
    is_crossed = left & behind and right & before and not (left & before and right & behind)
    return "the page has the two the other way round" if is_crossed else ""
