"""Components of a page: heads, panels, verdicts, states, tables, the ledger and the small parts between them."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import template
from django.http import QueryDict
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from ui.icons import STATE_ICONS, VERDICT_ICONS, icon_svg

register = template.Library()

VERDICT_TONES = {
    "feasible": "ok",
    "tight": "tight",
    "infeasible": "no",
    "unknown": "unknown",
    "ok": "ok",
    "no": "no",
}
VERDICT_WORDS = {
    "ok": _("Feasible"),
    "tight": _("Tight"),
    "no": _("Not feasible"),
    "unknown": _("Not known yet"),
}
STATE_WORDS = {
    "draft": _("Draft"),
    "proposed": _("Proposed"),
    "countered": _("Countered"),
    "approved": _("Approved"),
    "delivery": _("In delivery"),
    "delivered": _("Delivered"),
    "kept": _("Kept"),
    "broken": _("Broken"),
    "declined": _("Declined"),
    "hold": _("Hold"),
    "withdrawn": _("Withdrawn"),
    "expired": _("Expired"),
    "cancelled": _("Cancelled"),
}


def tone_of(verdict: str) -> str:
    """The tone ("ok", "tight", "no", "unknown") of a verdict. Raises ValueError for a word that is no verdict."""
    try:
        return VERDICT_TONES[str(verdict)]
    except KeyError:
        raise ValueError(f"{verdict!r} is no verdict; verdicts are {', '.join(VERDICT_TONES)}") from None


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
    phone: bool = True,
) -> str:
    """{% page_head "Board" lead="…" %}buttons{% endpage_head %}; `phone=False` hides it where the top bar says it."""
    context = {
        "title": title,
        "lead": lead,
        "crumb": crumb,
        "crumb_url": crumb_url,
        "phone": phone,
        "content": content,
    }
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
    context = {
        "title": title,
        "note": note,
        "end": end,
        "flush": flush,
        "css": css,
        "id": id,
        "content": content,
    }
    return render_to_string("components/panel.html", context)


@register.simple_block_tag
def verdict(content: str, verdict: str, title: str, id: str = "", level: int = 2) -> str:
    """{% verdict "infeasible" "Not feasible by Fri 12 March" %}one reason{% endverdict %}, the head of a panel."""
    tone = tone_of(verdict)
    context = {
        "tone": tone,
        "icon": VERDICT_ICONS[tone],
        "title": title,
        "content": content,
        "id": id,
        "level": level,
    }
    return render_to_string("components/verdict.html", context)


@register.inclusion_tag("components/chip.html")
def verdict_chip(verdict: str, words: str = "") -> dict[str, object]:
    """{% verdict_chip "tight" "6 h spare" %}; without words it says the verdict."""
    tone = tone_of(verdict)
    return {
        "tone": tone,
        "icon": VERDICT_ICONS[tone],
        "words": words or VERDICT_WORDS[tone],
    }


@register.inclusion_tag("components/chip.html")
def chip(words: str, icon: str = "", tone: str = "") -> dict[str, object]:
    """{% chip "Checked 2 s ago" "refresh-cw" %}: a neutral chip, or of a tone."""
    return {"tone": tone, "icon": icon, "words": words}


@register.inclusion_tag("components/state.html")
def state(name: str, words: str = "") -> dict[str, object]:
    """{% state "approved" %}: the state of a commitment with its icon. Raises ValueError for an unknown state."""
    if name not in STATE_ICONS:
        raise ValueError(f"{name!r} is no state; states are {', '.join(STATE_ICONS)}")
    return {
        "name": name,
        "icon": STATE_ICONS[name],
        "words": words or STATE_WORDS[name],
    }


@register.inclusion_tag("components/health.html")
def health(verdict: str, words: str) -> dict[str, object]:
    """{% health "tight" "3 deals need mapping" %}: coloured words with the verdict's shape, no box."""
    tone = tone_of(verdict)
    return {
        "tone": tone,
        "icon": VERDICT_ICONS[tone] if tone != "unknown" else "circle-dashed",
        "words": words,
    }


@register.simple_block_tag
def note(content: str, tone: str = "", end_url: str = "", end_words: str = "", role: str = "") -> str:
    """{% note "tight" %}<b>Figures from 11:02.</b> …{% endnote %}; tone "ok", "tight", "no" or "" for plain."""
    shape = VERDICT_ICONS[tone] if tone else "info"
    context = {
        "tone": tone,
        "icon": shape,
        "content": content,
        "end_url": end_url,
        "end_words": end_words,
        "role": role,
    }
    return render_to_string("components/note.html", context)


@register.simple_block_tag
def empty(content: str, icon: str, title: str, url: str = "", action: str = "") -> str:
    """{% empty "inbox" "Nothing waits for you" url=… action="Open the board" %}why, and what will come{% endempty %}."""
    context = {
        "icon": icon,
        "title": title,
        "content": content,
        "url": url,
        "action": action,
    }
    return render_to_string("components/empty.html", context)


@register.inclusion_tag("components/fact_strip.html")
def fact_strip(facts: Sequence[Mapping[str, object]]) -> dict[str, object]:
    """{% fact_strip facts %}: dicts of `label`, `value` and, if wanted, `note`, `icon`, `bad`, `url`."""
    return {"facts": facts}


@register.inclusion_tag("components/kpi.html")
def kpi(
    label: str,
    value: str,
    unit: str = "",
    strong: str = "",
    note: str = "",
    tone: str = "",
) -> dict[str, object]:
    """{% kpi "Promises kept" "91" "%" strong="85% in March" note="to 97% in February" tone="ok" %}."""
    return {
        "label": label,
        "value": value,
        "unit": unit,
        "strong": strong,
        "note": note,
        "tone": tone,
    }


@register.inclusion_tag("components/kv.html")
def kv(rows: Sequence[Sequence[object]]) -> dict[str, object]:
    """{% kv rows %}: (key, value) or (key, value, url) rows."""
    return {"rows": rows}


@register.inclusion_tag("components/steps.html")
def steps(items: Sequence[Mapping[str, object]], label: str = "") -> dict[str, object]:
    """{% steps items %}: dicts of `label`, `state` ("done", "current", "later") and, if wanted, `icon`."""
    return {"items": items, "label": label or _("Progress")}


@register.simple_block_tag
def ledger(content: str, label: str = "") -> str:
    """{% ledger %}{% ledger_entry … %}…{% endledger_entry %}{% endledger %}."""
    return render_to_string("components/ledger.html", {"content": content, "label": label})


@register.simple_block_tag
def ledger_entry(content: str, title: str, icon: str, at: str = "", aside: str = "", tone: str = "") -> str:
    """{% ledger_entry "Approved by Bob" "circle-check" at=e.at|full_moment tone="ok" %}<p>…</p>{% endledger_entry %}."""
    context = {
        "title": title,
        "icon": icon,
        "at": at,
        "aside": aside,
        "tone": tone,
        "content": content,
    }
    return render_to_string("components/ledger_entry.html", context)


@register.inclusion_tag("components/avatar.html")
def avatar(initials: str, side: str = "") -> dict[str, object]:
    """{% avatar "ML" %}, {% avatar "TO" "ops" %}; side "" is sales, "ops" operations, "sys" the product."""
    return {"initials": initials, "side": side}


@register.simple_block_tag
def message(content: str, author: str, initials: str, at: str = "", side: str = "") -> str:
    """{% message "Alice" "AB" at="09:15" %}text{% endmessage %} inside <div class="thread">."""
    context = {
        "author": author,
        "initials": initials,
        "at": at,
        "side": side,
        "content": content,
    }
    return render_to_string("components/message.html", context)


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


@register.inclusion_tag("components/pagination.html")
def pagination(previous_url: str = "", next_url: str = "", words: str = "") -> dict[str, object]:
    """{% pagination previous_url next_url "1 to 50" %}: keyset paging knows only before and after."""
    return {
        "previous_url": previous_url or "",
        "next_url": next_url or "",
        "words": words,
    }


@register.inclusion_tag("components/toasts.html")
def toasts(messages: Sequence[Any] | None = None, oob: bool = False) -> dict[str, object]:
    """{% toasts messages %}; in a fragment {% toasts messages oob=True %} adds to those on the page."""
    return {"messages": messages or [], "oob": oob}


@register.simple_block_tag
def confirm(
    content: str,
    id: str,
    button: str,
    title: str,
    css: str = "",
    key: str = "",
    icon: str = "",
) -> str:
    """{% confirm "decline" "Decline" "Decline this promise?" %}<form>…</form>{% endconfirm %}: a button and its dialog."""
    context = {
        "id": id,
        "button": button,
        "title": title,
        "css": css,
        "key": key,
        "icon": icon,
        "content": content,
    }
    return render_to_string("components/confirm.html", context)


@register.simple_block_tag
def menu(content: str, button: str, icon: str = "", css: str = "btn", up: bool = False) -> str:
    """{% menu "More" "ellipsis" %}<a …>…</a>{% endmenu %}: a list that opens under its button, without JavaScript."""
    context = {"button": button, "icon": icon, "css": css, "up": up, "content": content}
    return render_to_string("components/menu.html", context)


@register.simple_block_tag
def filter_bar(content: str, action: str = "", target: str = "", clear_url: str = "") -> str:
    """{% filter_bar target="#rows" %}fields{% endfilter_bar %}: a GET form that filters as one types, or on Enter."""
    context = {
        "action": action,
        "target": target,
        "clear_url": clear_url,
        "content": content,
    }
    return render_to_string("components/filter_bar.html", context)


@register.simple_block_tag
def table(content: str, label: str, css: str = "") -> str:
    """{% table "Commitments" %}<thead>…</thead><tbody>…</tbody>{% endtable %}: scrolls sideways inside itself."""
    return render_to_string("components/table.html", {"label": label, "css": css, "content": content})


@register.inclusion_tag("components/sort_header.html", takes_context=True)
def sort_header(
    context: template.Context,
    field: str,
    label: str,
    right: bool = False,
    parameter: str = "sort",
) -> dict[str, object]:
    """{% sort_header "promised_on" "Promised by" %}: a heading that sorts, keeping the other filters; needs `request`."""
    request = context.get("request")
    query = request.GET.copy() if request else QueryDict(mutable=True)
    current = query.get(parameter, "")
    direction = {field: "ascending", f"-{field}": "descending"}.get(current, "")
    query[parameter] = f"-{field}" if direction == "ascending" else field
    for stale in ("after", "before"):
        query.pop(stale, None)
    arrow = {"ascending": "arrow-up", "descending": "arrow-down"}.get(direction, "arrow-up-down")
    return {
        "url": f"?{query.urlencode()}",
        "label": label,
        "direction": direction,
        "arrow": arrow,
        "right": right,
    }
