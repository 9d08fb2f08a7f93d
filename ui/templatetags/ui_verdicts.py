"""What was found and what happened: verdicts, states, facts, steps, the ledger, the conversation."""

from collections.abc import Mapping, Sequence

from django import template
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _

from ui.icons import STATE_ICONS, VERDICT_ICONS

register = template.Library()

VERDICT_TONES = {"feasible": "ok", "tight": "tight", "infeasible": "no", "unknown": "unknown"}
TONES = ("ok", "tight", "no", "unknown")
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
    """The tone ("ok", "tight", "no", "unknown") of a verdict or tone. Raises ValueError for other words."""
    tone = VERDICT_TONES.get(str(verdict), str(verdict))
    if tone not in TONES:
        raise ValueError(f"{verdict!r} is no verdict; verdicts are {', '.join(VERDICT_TONES)}")
    return tone


@register.simple_block_tag
def verdict(content: str, verdict: str, title: str, id: str = "", level: int = 2) -> str:
    """{% verdict "infeasible" "Not feasible by Fri 12 March" %}one reason{% endverdict %}: heads a panel."""
    tone = tone_of(verdict)
    context = {"tone": tone, "icon": VERDICT_ICONS[tone], "title": title, "id": id, "level": level}
    return render_to_string("components/verdict.html", {**context, "content": content})


@register.inclusion_tag("components/chip.html")
def verdict_chip(verdict: str, words: str = "") -> dict[str, object]:
    """{% verdict_chip "tight" "6 h spare" %}; without words it says the verdict."""
    tone = tone_of(verdict)
    return {"tone": tone, "icon": VERDICT_ICONS[tone], "words": words or VERDICT_WORDS[tone]}


@register.inclusion_tag("components/chip.html")
def chip(words: str, icon: str = "", tone: str = "") -> dict[str, object]:
    """{% chip "Checked 2 s ago" "refresh-cw" %}: a neutral chip, or of a tone."""
    return {"tone": tone, "icon": icon, "words": words}


@register.inclusion_tag("components/state.html")
def state(name: str, words: str = "") -> dict[str, object]:
    """{% state "approved" %}: a commitment's state with its icon. Raises ValueError for an unknown state."""
    if name not in STATE_ICONS:
        raise ValueError(f"{name!r} is no state; states are {', '.join(STATE_ICONS)}")
    return {"name": name, "icon": STATE_ICONS[name], "words": words or STATE_WORDS[name]}


@register.inclusion_tag("components/health.html")
def health(verdict: str, words: str) -> dict[str, object]:
    """{% health "tight" "3 deals need mapping" %}: coloured words with the verdict's shape, no box."""
    tone = tone_of(verdict)
    return {
        "tone": tone,
        "icon": "circle-dashed" if tone == "unknown" else VERDICT_ICONS[tone],
        "words": words,
    }


@register.inclusion_tag("components/fact_strip.html")
def fact_strip(facts: Sequence[Mapping[str, object]]) -> dict[str, object]:
    """{% fact_strip facts %}: dicts of `label`, `value` and, if wanted, `note`, `icon`, `bad`, `url`."""
    return {"facts": facts}


@register.inclusion_tag("components/kpi.html")
def kpi(
    label: str, value: str, unit: str = "", strong: str = "", note: str = "", tone: str = ""
) -> dict[str, object]:
    """{% kpi "Promises kept" "91" "%" strong="85% in March" note="to 97% in February" tone="ok" %}."""
    return {"label": label, "value": value, "unit": unit, "strong": strong, "note": note, "tone": tone}


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
    """{% ledger_entry "Approved by Bob" "circle-check" at=words tone="ok" %}…{% endledger_entry %}."""
    context = {"title": title, "icon": icon, "at": at, "aside": aside, "tone": tone, "content": content}
    return render_to_string("components/ledger_entry.html", context)


@register.inclusion_tag("components/avatar.html")
def avatar(initials: str, side: str = "") -> dict[str, object]:
    """{% avatar "ML" %}, {% avatar "TO" "ops" %}; side "" is sales, "ops" operations, "sys" the product."""
    return {"initials": initials, "side": side}


@register.simple_block_tag
def message(content: str, author: str, initials: str, at: str = "", side: str = "") -> str:
    """{% message "Alice" "AB" at="09:15" %}text{% endmessage %} inside <div class="thread">."""
    context = {"author": author, "initials": initials, "at": at, "side": side, "content": content}
    return render_to_string("components/message.html", context)
