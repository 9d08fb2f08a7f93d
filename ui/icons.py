"""Icons, inlined as SVG so that they take the colour of the text around them."""

import re
from functools import lru_cache

from django.utils.safestring import SafeString
from lucide.templatetags.lucide import lucide

BETWEEN_TAGS = re.compile(r">\s+<")
VERDICT_ICONS = {
    "ok": "circle-check",
    "tight": "triangle-alert",
    "no": "octagon-x",
    "unknown": "circle-question-mark",
}
STATE_ICONS = {
    "draft": "pencil-line",
    "proposed": "circle-dashed",
    "countered": "arrow-left-right",
    "approved": "circle-check",
    "delivery": "truck",
    "delivered": "package-check",
    "kept": "check-check",
    "broken": "unlink",
    "declined": "circle-slash-2",
    "hold": "hourglass",
    "withdrawn": "undo-2",
    "expired": "timer-off",
    "cancelled": "ban",
}


@lru_cache(maxsize=512)
def icon_svg(name: str, size: str = "") -> SafeString:
    """The Lucide icon of that name with the class `ico`; `size` is "", "s" or "l".

    It is hidden from readers of the page: the word beside it says what it means.
    Raises lucide.IconDoesNotExist for an unknown name.
    """
    classes = f"ico ico-{size}" if size else "ico"
    markup = lucide(name, size=None, **{"class": classes, "aria-hidden": "true"})
    return SafeString(BETWEEN_TAGS.sub("><", markup))
