"""What the read-only guard lets through, request by request."""

import pytest

from bridge.erp.allowlist import Asked, Origin, path_matches, plain_path, why_not
from bridge.profiles import Allow

HOME = Origin.of("http://erp:8080/")
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
ALLOW = Allow.model_validate(
    {
        "requests": [
            {"method": "GET", "path": "/list.asp", "actions": ["", "list"]},
            {"method": "POST", "path": "/list.asp", "actions": ["search", "查询"]},
            {"method": "GET", "path": "/static/*"},
            {"method": "POST", "path": "/any.asp"},
        ],
        "action_fields": ["action", "op"],
    }
)


def get(path: str, **headers: str) -> str | None:
    return why_not(Asked(method="GET", url=f"http://erp:8080{path}", headers=headers), ALLOW, HOME)


def post(body: bytes | None, kind: str = FORM["Content-Type"], path: str = "/list.asp") -> str | None:
    asked = Asked(method="POST", url=f"http://erp:8080{path}", headers={"content-type": kind}, body=body)
    return why_not(asked, ALLOW, HOME)


@pytest.mark.parametrize(
    "path",
    ["/list.asp", "/list.asp?page=2", "/list.asp?action=list&page=2", "/list.asp?action=", "/static/a/b.css"],
)
def test_named_requests_pass(path: str) -> None:
    assert get(path) is None


@pytest.mark.parametrize(
    "path",
    [
        "/list.asp?action=delete&id=3",
        "/list.asp?ACTION=delete",
        "/list.asp?action=list&action=delete",
        "/list.asp?action=delete&action=list",
        "/list.asp?action=list&op=delete",
        "/list.asp?%61ction=delete",
        "/list.asp?action%5B%5D=delete",
        "/list.asp?action[0]=delete",
        "/list.asp?page=1;action=delete",
        "/list.asp?action:delete=x",
        "/list.asp?action.delete=12",
        "/list.asp?+action=delete",
        "/list.asp?action%00=delete",
        "/list.asp?_method=DELETE",
        "/delete.asp",
        "/list.asp/delete",
        "/List.asp",
        "//list.asp",
    ],
)
def test_everything_else_is_stopped(path: str) -> None:
    assert get(path) is not None


@pytest.mark.parametrize(
    "path",
    ["/static/..;/list.asp", "/static/%2e%2e/x", "/static/..%2fdelete.asp", "/static/%252e%252e/x",
     "/static/..\\delete.asp", "/static/%5c..", "/static/a%00.css"],
)  # fmt: skip
def test_a_path_that_servers_could_read_differently_is_stopped(path: str) -> None:
    assert get(path) == "a path that servers read differently"


def test_path_parameters_are_not_part_of_the_name() -> None:
    assert plain_path("http://erp/app;jsessionid=1/list.do;x=2") == "/app/list.do"
    assert get("/list.asp;jsessionid=0A") is None


@pytest.mark.parametrize("url", ["http://other:8080/list.asp", "http://erp/list.asp", "https://erp:8080/list.asp"])
def test_another_host_port_or_scheme_is_stopped(url: str) -> None:
    assert why_not(Asked(method="GET", url=url), ALLOW, HOME) == "another host"


def test_another_method_is_stopped() -> None:
    for method in ("PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"):
        assert why_not(Asked(method=method, url="http://erp:8080/list.asp"), ALLOW, HOME)
    assert get("/list.asp", **{"X-HTTP-Method-Override": "DELETE"}) == "pretends to be DELETE"


def test_the_body_decides_as_the_query_does() -> None:
    assert post(b"action=search&word=x") is None
    assert post("action=查询".encode()) is None
    assert post("action=查询".encode("gbk")) is None
    assert post(b"action=%B2%E9%D1%AF") is None
    assert post(b"action=delete") == "action 'delete'"
    assert post(b"action=search&Action=delete") is not None
    assert post(b"action=search", path="/list.asp?action=delete") is not None
    assert post(b"word=x") == "no action value"


def test_multipart_and_json_bodies_are_read() -> None:
    part = b'--B\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
    kind = "multipart/form-data; boundary=B"
    assert post(part % (b"action", b"search") + b"--B--\r\n", kind) is None
    assert post(part % (b"action", b"search") + part % (b"ACTION", b"delete") + b"--B--\r\n", kind) is not None
    assert post(b"no parts at all", kind) == "a body that cannot be read"
    assert post(b'{"action": "search"}', "application/json") is None
    assert post(b'{"a": [{"b": {"Action": "delete"}}], "action": "search"}', "application/json") is not None
    assert post(b'{"action": "delete", "action": "search"}', "application/json") is not None
    assert post(b'{"action": ["search", "delete"]}', "application/json") is not None
    assert post(b"{", "application/json") == "a body that cannot be read"


def test_a_body_of_unknown_kind_needs_a_rule_without_actions() -> None:
    for body, kind in ((b"<delete/>", "text/xml"), (b"x", ""), (None, FORM["Content-Type"])):
        assert post(body, kind) == "a body that cannot be read"
        assert post(body, kind, path="/any.asp") is None
    assert post(b"action=delete", "text/plain") is not None
    assert post(b'{"action":"delete"}', "text/plain;charset=UTF-8") is not None


def test_during_the_sign_in_its_own_pages_and_silent_reads_pass_too() -> None:
    def during(method: str, path: str, body: bytes = b"", origin: str = "http://erp:8080") -> str | None:
        asked = Asked(method=method, url=origin + path, headers=FORM, body=body)
        return why_not(asked, ALLOW, HOME, sign_in_pages=frozenset({"/login.asp"}))

    assert during("POST", "/login.asp", b"action=login&password=x") is None
    assert during("GET", "/main.asp") is None
    assert during("GET", "/order.asp?action=delete") is not None
    assert during("POST", "/order.asp", b"id=3") is not None
    assert during("PUT", "/login.asp") is not None
    assert during("POST", "/login.asp", b"x=1", origin="http://other") == "another host"


def test_local_addresses_need_no_rule() -> None:
    for url in ("data:text/plain,x", "blob:http://erp:8080/1", "about:blank"):
        assert why_not(Asked(method="GET", url=url), ALLOW, HOME) is None


def test_wildcards_stand_for_anything_else_stands_for_itself() -> None:
    assert path_matches("/a/*.css", "/a/b/c.css")
    assert not path_matches("/a.css", "/abcss")
    assert not path_matches("/a/*", "/b/a/x")
