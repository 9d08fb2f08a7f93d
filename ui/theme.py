"""Light or dark: a cookie the server reads, so that a page is never painted in the wrong colours first."""

from django.http import HttpRequest, HttpResponse

COOKIE = "theme"
THEMES = ("light", "dark")
ONE_YEAR = 31_536_000


def theme_of(request: HttpRequest) -> str:
    """The theme chosen by this browser, "" when it follows the system."""
    theme = request.COOKIES.get(COOKIE, "")
    return theme if theme in THEMES else ""


def remember_theme(response: HttpResponse, theme: str, *, secure: bool) -> None:
    """Keeps the choice for a year. Raises ValueError for anything but light or dark."""
    if theme not in THEMES:
        raise ValueError(f"theme is {theme!r}; it is light or dark")
    # A script changes the colours at once and writes the same cookie, so it is not HttpOnly.
    response.set_cookie(COOKIE, theme, max_age=ONE_YEAR, samesite="Lax", secure=secure, httponly=False)
