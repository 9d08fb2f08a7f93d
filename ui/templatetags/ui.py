"""Everything in one load: {% load ui %} brings the components, charts, fields and filters."""

from django import template

from ui.templatetags import ui_charts, ui_format, ui_forms, ui_panels, ui_verdicts

register = template.Library()

for part in (ui_panels, ui_verdicts, ui_charts, ui_forms, ui_format):
    register.tags.update(part.register.tags)
    register.filters.update(part.register.filters)
