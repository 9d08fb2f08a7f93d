"""The parts of a page: heads, panels, notes, dialogs, menus, tabs, tables and their paging."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import template
from django.http import QueryDict
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from ui.icons import VERDICT_ICONS, icon_svg

register = template.Library()

SORT_ARROWS = {"ascending": "arrow-up", "descending": "arrow-down", "": "arrow-up-down"}


@register.simple_tag
def icon(name: str, size: str = "") -> SafeString:
    """{% icon "flag" %}, {% icon "flag" "s" %}: a Lucide icon, 16 px, "s" 14 px, "l" 20 px."""
    return icon_svg(name, size)


@register.simple_block_tag
def page_head(
    content: str,
    title: str,
    lead: str = "",
    crumb: str = "",
    crumb_url: str = "",
    crumb_here: str = "",
    phone: bool = True,
) -> str:
    """{% page_head "Board" lead="…" %}buttons{% endpage_head %}; `phone=False`: there the top bar says it."""
    crumbs = {"crumb": crumb, "crumb_url": crumb_url, "crumb_here": crumb_here}
    context = {"title": title, "lead": lead, "phone": phone, "content": content, **crumbs}
    return render_to_string("components/page_head.html", context)


@register.simple_block_tag
def panel(
    content: str,
    title: str = "",
    note: str = "",
    end: str = "",
    flush: bool = False,
    css: str = "",
    id: str = "",
) -> str:
    """{% panel "Ledger" note="…" %}…{% endpanel %}; `flush=True` leaves out the padding (for tables)."""
    context = {"title": title, "note": note, "end": end, "flush": flush, "css": css, "id": id}
    return render_to_string("components/panel.html", {**context, "content": content})


@register.simple_block_tag
def note(content: str, tone: str = "", end_url: str = "", end_words: str = "", role: str = "") -> str:
    """{% note "tight" %}<b>Figures from 11:02.</b> …{% endnote %}; tone "ok", "tight", "no", "" for plain."""
    context = {"tone": tone, "icon": VERDICT_ICONS[tone] if tone else "info", "role": role}
    end = {"end_url": end_url, "end_words": end_words}
    return render_to_string("components/note.html", {**context, **end, "content": content})


@register.simple_block_tag
def empty(content: str, icon: str, title: str, url: str = "", action: str = "") -> str:
    """{% empty "inbox" "Nothing waits for you" url=… action="Open the board" %}why{% endempty %}."""
    context = {"icon": icon, "title": title, "url": url, "action": action, "content": content}
    return render_to_string("components/empty.html", context)


@register.inclusion_tag("components/tabs.html")
def tabs(items: Sequence[Mapping[str, object]], label: str) -> dict[str, object]:
    """{% tabs items "Connection" %}: dicts of `label`, `url`, `current` and, if wanted, `count`."""
    return {"items": items, "label": label}


@register.inclusion_tag("components/seg.html")
def seg(items: Sequence[Mapping[str, object]], label: str) -> dict[str, object]:
    """{% seg items "Show" %}: links that switch a view; dicts of `label`, `url`, `current`."""
    return {"items": items, "label": label}


@register.inclusion_tag("components/kbd.html")
def kbd(keys: str) -> dict[str, object]:
    """{% kbd "Ctrl Enter" %}: one box a key."""
    return {"keys": keys.split()}


@register.inclusion_tag("components/toasts.html")
def toasts(messages: Sequence[Any] | None = None, oob: bool = False) -> dict[str, object]:
    """{% toasts messages %}; in a fragment {% toasts messages oob=True %} adds to those on the page."""
    return {"messages": messages or [], "oob": oob}


@register.simple_block_tag
def confirm(
    content: str, id: str, button: str, title: str, css: str = "", key: str = "", icon: str = ""
) -> str:
    """{% confirm "decline" "Decline" "Decline this?" %}<form>…</form>{% endconfirm %}: button, dialog."""
    context = {"id": id, "button": button, "title": title, "css": css, "key": key, "icon": icon}
    return render_to_string("components/confirm.html", {**context, "content": content})


@register.simple_block_tag
def menu(content: str, button: str, icon: str = "", css: str = "btn", up: bool = False) -> str:
    """{% menu "More" "ellipsis" %}<ul>…</ul>{% endmenu %}: a list that opens under its button, no script."""
    context = {"button": button, "icon": icon, "css": css, "up": up, "content": content}
    return render_to_string("components/menu.html", context)


@register.simple_block_tag
def filter_bar(
    content: str, action: str = "", target: str = "", clear_url: str = "", is_filtered: bool = False
) -> str:
    """{% filter_bar target="#rows" %}fields{% endfilter_bar %}: a GET form that filters as one types.

    On a phone it is folded, except where `is_filtered` says that it hides something.
    """
    context = {"action": action, "target": target, "clear_url": clear_url, "is_filtered": is_filtered}
    return render_to_string("components/filter_bar.html", {**context, "content": content})


@register.simple_block_tag
def table(content: str, label: str, css: str = "") -> str:
    """{% table "Commitments" %}<thead>…</thead><tbody>…</tbody>{% endtable %}: on a phone rows are cards.

    Cells say their heading there by `data-label`; a table without any stays one and scrolls inside itself.
    """
    return render_to_string("components/table.html", {"label": label, "css": css, "content": content})


@register.inclusion_tag("components/sort_header.html", takes_context=True)
def sort_header(
    context: template.Context, field: str, label: str, right: bool = False, parameter: str = "sort"
) -> dict[str, object]:
    """{% sort_header "promised_on" "Promised by" %}: a heading that sorts and keeps the filters.

    Needs `request` in the context; a click on the sorted column turns it round and starts at its first page.
    """
    request = context.get("request")
    query = request.GET.copy() if request else QueryDict(mutable=True)
    direction = {field: "ascending", f"-{field}": "descending"}.get(query.get(parameter, ""), "")
    query[parameter] = f"-{field}" if direction == "ascending" else field
    for place in ("after", "before"):
        query.pop(place, None)
    arrow = SORT_ARROWS[direction]
    return {
        "url": f"?{query.urlencode()}",
        "label": label,
        "direction": direction,
        "arrow": arrow,
        "right": right,
    }


@register.inclusion_tag("components/pagination.html")
def pagination(previous_url: str = "", next_url: str = "", words: str = "") -> dict[str, object]:
    """{% pagination previous_url next_url "1 to 50" %}: keyset paging knows only before and after."""
    return {"previous_url": previous_url or "", "next_url": next_url or "", "words": words}
