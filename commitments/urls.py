"""Pages of checks, approvals, commitments and verdicts, under /o/<slug>/."""

from django.urls import path

from commitments.views import check, deals, flags

app_name = "commitments"

urlpatterns = [
    path("check", check.check, name="check"),
    path("check/propose", check.check_propose, name="check-propose"),
    path("deals", deals.deal_list, name="deal-list"),
    path("deals/new", deals.deal_create, name="deal-create"),
    path("deals/<int:deal_id>", deals.deal_detail, name="deal-detail"),
    path("deals/<int:deal_id>/change", deals.deal_change, name="deal-change"),
    path("flags", flags.flag_list, name="flag-list"),
    path("flags/<int:flag_id>/acknowledge", flags.flag_acknowledge, name="flag-acknowledge"),
    path("flags/<int:flag_id>/snooze", flags.flag_snooze, name="flag-snooze"),
]
