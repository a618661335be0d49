#!/usr/bin/env python3
"""Makes the answer key: signs in as a person would, opens the list of sales orders, reads its DOM.

    python3 capture.py                      compare with truth*.json; exit 1 if one differs
    python3 capture.py --write              write truth*.json
    python3 capture.py --pictures FOLDER    also keep pictures of the list and of the search form

Needs the package playwright, and Debian's chromium or another browser named in BROWSER. BASE is the address of
login.pl. It shows what the pages say; it is not what a bridge under test does.
"""

import argparse
import json
import os
import sys
from pathlib import Path

from playwright.sync_api import Frame, Page, sync_playwright

HERE = Path(__file__).resolve().parent
BASE = os.environ.get("BASE", "http://127.0.0.1:18081/sql-ledger/login.pl")
BROWSER = os.environ.get("BROWSER", "/usr/bin/chromium")
ARGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--no-first-run"),
]
# user, password, way through the menu, file
USERS = (
    ("zhangwei", "zw2024", ("下单项目", "报表", "销货单"), "truth"),
    ("tom", "tom2024", ("Order Entry", "Reports", "Sales Orders"), "truth_en"),
)
CLOSED_TOO = "truth_with_closed"
READ = r"""t => {
  const out = {header: [], rows: [], total: null};
  for (const tr of t.rows) {
    const cells = [...tr.cells].map(c => c.innerText.replace(/\u00a0/g, ' ').trim());
    if (tr.className.startsWith('listheading')) out.header = cells;
    else if (tr.className.startsWith('listrow')) out.rows.push(cells);
    else if (tr.className.startsWith('listtotal')) out.total = cells;
  }
  return out;
}"""


def open_search(page: Page, user: str, password: str, menu: tuple[str, ...]) -> Frame:
    """Sign in, go through the menu; returns the frame with the search form."""
    page.goto(BASE)
    page.fill("input[name=login]", user)
    page.fill("input[name=password]", password)
    page.click("input[type=submit]")
    frame = page.frame_locator("frame[name=acc_menu]")
    frame.locator("body > div[onclick]").get_by_text(menu[0], exact=True).click()
    frame.locator("div.submenu > div[onclick]:visible").get_by_text(menu[1], exact=True).first.click()
    frame.locator("a[href*='action=search'][href*='type=sales_order']:visible").get_by_text(
        menu[2], exact=True
    ).click()
    page.frame_locator("frame[name=main_window]").locator("input[name=transdatefrom]").wait_for()
    found = page.frame("main_window")
    assert found is not None
    return found


def read_list(main: Frame, user: str, what: str) -> dict:
    """Submit the search form as it stands and read the list."""
    main.locator("input[type=submit]").first.click()
    main.locator("tr.listtotal").wait_for()
    data = main.locator("tr.listheading").locator("xpath=ancestor::table[1]").evaluate(READ)
    return {
        "target": "sql-ledger",
        "user": user,
        "filter": what,
        "pages": 1,
        "columns": data["header"],
        "total_row": data["total"],
        "row_count": len(data["rows"]),
        "rows": data["rows"],
    }


def captured(pictures: Path | None) -> dict[str, dict]:
    """The content of every truth file, by its name without the ending."""
    truths = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=ARGS)
        for user, password, menu, name in USERS:
            context = browser.new_context(viewport={"width": 1440, "height": 900})
            page = context.new_page()
            main = open_search(page, user, password, menu)
            if pictures:
                page.screenshot(path=pictures / f"search_{user}.png")
            truths[name] = read_list(main, user, "search form as it opens (only open orders)")
            if pictures:
                page.screenshot(path=pictures / f"list_{user}.png")
            if name == "truth":  # again with the closed ones ticked: two more columns
                page.goto("about:blank")
                main = open_search(page, user, password, menu)
                main.locator("input[name=closed]").check()
                truths[CLOSED_TOO] = read_list(main, user, "'closed' ticked as well")
                if pictures:
                    page.screenshot(path=pictures / f"list_with_closed_{user}.png")
            context.close()
        browser.close()
    return truths


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--pictures", type=Path)
    chosen = parser.parse_args()
    if chosen.pictures:
        chosen.pictures.mkdir(parents=True, exist_ok=True)
    differing = 0
    for name, truth in captured(chosen.pictures).items():
        path = HERE / f"{name}.json"
        text = json.dumps(truth, ensure_ascii=False, indent=1) + "\n"
        same = path.is_file() and path.read_text(encoding="utf-8") == text
        if chosen.write:
            path.write_text(text, encoding="utf-8")
        differing += not same
        state = "as before" if same else "written" if chosen.write else "DIFFERS"
        print(f"{path.name}: {truth['row_count']} rows, total {truth['total_row'][6]}: {state}")
    return 1 if differing and not chosen.write else 0


if __name__ == "__main__":
    sys.exit(main())
