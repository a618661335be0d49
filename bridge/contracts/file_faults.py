"""What is wrong with a file that cannot be read as a contract, in Chinese, beside the English message."""

from __future__ import annotations

FILE_FAULTS: dict[str, str] = {
    "empty": "文件是空的。请重新复制或扫描。",
    "broken": "文件已损坏，打不开。请重新复制，或用阅读器打开后另存一份，或重新扫描。",
    "encrypted": "文件加了密码。请另存一份没有密码的再放进来。",
    "mislabelled": "文件的内容与扩展名不符。请看一下，如果确实是合同，请改正扩展名。",
    "text": "这是文字文件，不是合同的扫描件或照片。请放入 PDF、JPG、PNG 或 TIFF。",
    "not_a_scan": "这不是 PDF、JPG、PNG 或 TIFF 文件。请放入合同的扫描件或照片。",
    "too_many_pages": "页数太多。请只放合同本身，不要附件，或把文件拆开。",
    "too_large": "文件或图片太大。请用 200 或 300 dpi 重新扫描，或缩小图片。",
    "not_readable": "没有权限读取这个文件。请检查文件的权限。",
    "too_slow": "在规定时间内没有读完。请减少页数，或不要附件。",
    "no_contract": "一页上的文字多得不像合同。请只放合同本身。",
    "kills": "读这个文件时程序多次中断。请重新扫描，或用阅读器另存一份。",
    "unforeseen": "读这个文件时出了意外。请重新扫描，或用阅读器另存一份；并请把日志发给我们。",
}
