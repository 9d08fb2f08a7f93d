"""Every template obeys the content security policy; assets keep to their budgets; the kit draws."""

import gzip
import re
from pathlib import Path

import pytest
from django.http import HttpRequest
from django.template import Context, Template
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils.safestring import SafeString

from ui.icons import STATE_ICONS, icon_svg
from ui.kit import kit_context
from ui.theme import theme_of
from ui.views import theme

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted(path for path in (ROOT / "templates").rglob("*.html") if "emails" not in path.parts)
FORBIDDEN = {
    "an inline style": re.compile(r"\sstyle\s*="),
    "an inline handler": re.compile(r"\son[a-z]+\s*="),
    "hx-on": re.compile(r"\bhx-on"),
    "a js: value": re.compile(r"[\"']js:|javascript:"),
    "an inline script": re.compile(r"<script(?![^>]*\b(?:src=|type=\"application/json\"))[^>]*>"),
    "a style element": re.compile(r"<style\b"),
    "a trigger filter": re.compile(r"hx-trigger=\"[^\"]*\["),
}


def faults_of(markup: str) -> list[str]:
    return [what for what, pattern in FORBIDDEN.items() if pattern.search(markup)]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_template_has_nothing_the_policy_would_block(path: Path) -> None:
    assert faults_of(path.read_text()) == []


@pytest.mark.parametrize(
    "markup",
    [
        '<p style="color:red">',
        '<a onclick="go()">',
        '<a hx-on:click="x">',
        "<script>1</script>",
        "<style>p{}</style>",
    ],
)
def test_the_search_for_blocked_markup_finds_it(markup: str) -> None:
    """Negative control of the test above."""
    assert faults_of(markup)


@pytest.mark.parametrize(("folder", "pattern", "budget"), [("css", "*.css", 16_384), ("js", "*.js", 4_096)])
def test_assets_keep_to_their_budget(folder: str, pattern: str, budget: int) -> None:
    files = sorted((ROOT / "static" / folder).glob(pattern))
    assert files
    assert sum(len(gzip.compress(path.read_bytes(), 9)) for path in files) <= budget


@pytest.fixture
def request_of_a_browser() -> HttpRequest:
    return RequestFactory().get("/kit", {"sort": "promised_on", "after": "x", "q": "a b"})


def test_kit_draws_every_component_without_blocked_markup(request_of_a_browser: HttpRequest) -> None:
    page = render_to_string("ui/kit.html", {**kit_context(), "request": request_of_a_browser})
    assert faults_of(page) == []
    assert "Not feasible by Fri 12 March" in page
    assert page.count('class="state"') >= len(STATE_ICONS)
    ids = re.findall(r'\sid="([^"]+)"', page)
    doubled = {name for name in ids if ids.count(name) > 1 and not name.startswith("id_")}
    assert doubled == set()


def drawn(source: str, **context: object) -> str:
    return Template("{% load ui %}" + source).render(Context(context))


def test_block_components_escape_what_they_are_given() -> None:
    page = drawn("{% panel title %}{{ body }}{% endpanel %}", title="<b>", body="<i>")
    assert "<b>" not in page
    assert "<i>" not in page
    assert "&lt;i&gt;" in page


def test_sort_header_turns_round_and_keeps_the_filters(request_of_a_browser: HttpRequest) -> None:
    page = drawn('{% sort_header "promised_on" "Promised by" %}', request=request_of_a_browser)
    assert 'aria-sort="ascending"' in page
    assert 'href="?sort=-promised_on&amp;q=a+b"' in page


@pytest.mark.parametrize(
    ("source", "words"),
    [('{% state "lost" %}', "is no state"), ('{% verdict_chip "maybe" %}', "is no verdict")],
)
def test_components_refuse_words_they_do_not_know(source: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        drawn(source)


def test_missing_figures_are_a_dash_and_never_zero() -> None:
    assert drawn("{{ minutes|hours }} {{ day|weekday_date }}", minutes=None, day=None) == "– –"


def test_icon_is_hidden_from_readers_and_inlined() -> None:
    markup = icon_svg("flag", "s")
    assert isinstance(markup, SafeString)
    assert 'class="ico ico-s"' in markup
    assert 'aria-hidden="true"' in markup
    assert "\n" not in markup


def test_theme_follows_the_cookie_and_ignores_nonsense() -> None:
    request = RequestFactory().get("/")
    request.COOKIES["theme"] = "dark"
    assert theme_of(request) == "dark"
    request.COOKIES["theme"] = '"><script>'
    assert theme_of(request) == ""


def test_theme_switch_keeps_the_choice_and_never_leaves_the_site() -> None:
    answer = theme(RequestFactory().post("/theme", {"theme": "dark", "next": "https://elsewhere.example/"}))
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert answer.cookies["theme"].value == "dark"
    assert theme(RequestFactory().post("/theme", {"theme": "pink", "next": "/o/"})).status_code == 400


@pytest.mark.parametrize("person", [None, {"name": "Alice", "initials": "A", "role_label": "Sales"}])
def test_page_shows_its_content_with_and_without_a_signed_in_person(person: object) -> None:
    source = '{% extends "base.html" %}{% block content %}<h1>Hello</h1>{% endblock %}'
    page = Template(source).render(Context({"person": person}))
    assert page.count("<h1>Hello</h1>") == 1
    assert page.count("<main") == page.count("</main>") == 1
    assert page.count("<div") == page.count("</div>")
    assert ('class="rail"' in page) is bool(person)
