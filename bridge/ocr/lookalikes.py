"""Characters that are taken for one another: by nets, by people, and by fonts that draw them alike.

The groups are the confusions that OCR work lists again and again (e.g. Unicode's confusables, UTS #39, cut to
what business screens show), and pairs that the PP-OCR recognisers mixed up on rendered lists.  They only say what
to try when drawing back; they never decide.
"""

from __future__ import annotations

GROUPS: tuple[str, ...] = (
    "O0oQDo〇○Ｏ０",
    "I1l|丨i!Ｉ１ｌ",
    "S5s$Ｓ５",
    "B8ß3Ｂ８",
    "Z2zＺ２",
    "G6CcbＧ６",
    "Cc(（",
    "UuVv",
    "WwVv",
    "XxＸ×",
    "KkPpYyMmNn",
    "Tt7Ｔ",
    "Ff",
    "Jj",
    "g9q",
    "4A",
    "-–—−一ー_－~",
    ".,·。、．，",
    "·・•‧∙",
    "°º˚",
    "ΦФ",
    ":：;；",
    "'’‘`´",
    '"”“″',
    "()（）",
    "[]【】",
    "/／丿",
    "\\＼",
    "*×xX＊",
    "+＋十",
    "&＆",
    "=＝",
    "%％",
    "#＃",
    "己已巳",
    "脱脫",
    "悦悅",
    "彦彥",
    "呐吶",
    "干千于",
    "土士",
    "未末",
    "日曰",
    "申审由甲",
    "天夭",
    "人入八",
    "大太犬",
    "王玉主",
    "鑫盘",
    "谱诸",
    "黄黃",
    "司同",
    "木本术",
    "目自白",
    "田由",
    "刀力",
    "口囗",
    "万方",
    "元无",
    "今令",
    "贝见",
    "风凤",
    "毫豪",
    "折拆",
    "候侯",
    "戊戌戍",
    "圆园",
    "炼练",
    "铜钢",
    "环坏",
    "扣和",
    "宜宣",
    "住往佳",
    "侍待",
    "析折",
    "拨拔",
    "治冶",
    "卫工",
    "厂广",
    "氏氐",
    "尸户",
    "伧仑仓",
    "氷水永",
    "绵锦棉",
    "机杌",
    "潭谭",
    "溢益",
    "欣欧",
    "亨享",
    "洋样",
    "沪泸",
    "汩汨",
    "晟晨",
    "祥详",
    "璟憬",
    "睿容",
)

_OTHERS: dict[str, str] = {}
for _group in GROUPS:
    for _ch in _group:
        _OTHERS[_ch] = _OTHERS.get(_ch, "") + "".join(
            c for c in _group if c != _ch and c not in _OTHERS.get(_ch, "")
        )


def drawn_alike(ch: str) -> str:
    """What is drawn much as a character is, likeliest first; H and h are not."""
    return _OTHERS.get(ch, "")


def others(ch: str) -> str:
    """What a character may really be, likeliest first; its other case included."""
    swapped = ch.swapcase()
    extra = swapped if len(swapped) == 1 and swapped != ch and swapped not in _OTHERS.get(ch, "") else ""
    return _OTHERS.get(ch, "") + extra


def has_lookalikes(text: str) -> bool:
    return any(others(ch) for ch in text if ch.isalnum())
