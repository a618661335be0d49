"""Playwright lives here and nowhere else: browser, sign-in, captcha, guard, list capture."""
