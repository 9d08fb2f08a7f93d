"""Pages of checks, approvals, commitments and verdicts, under /o/<slug>/."""

from django.urls import path

from commitments.views import approvals, check, commitments, deals, flags, offerings, verdicts

app_name = "commitments"

urlpatterns = [
    path("check/", check.check, name="check"),
    path("check/propose/", check.check_propose, name="check-propose"),
    path("approvals/", approvals.approval_list, name="approval-list"),
    path("approvals/<int:commitment_id>/", approvals.approval_detail, name="approval-detail"),
    path("approvals/<int:commitment_id>/approve/", approvals.approval_approve, name="approval-approve"),
    path("approvals/<int:commitment_id>/decline/", approvals.approval_decline, name="approval-decline"),
    path("commitments/", commitments.commitment_list, name="commitment-list"),
    path("commitments.csv", commitments.commitment_export, name="commitment-export"),
    path("commitments/<int:commitment_id>/", commitments.commitment_detail, name="commitment-detail"),
    path(
        "commitments/<int:commitment_id>/propose/", commitments.commitment_propose, name="commitment-propose"
    ),
    path(
        "commitments/<int:commitment_id>/withdraw/",
        commitments.commitment_withdraw,
        name="commitment-withdraw",
    ),
    path(
        "commitments/<int:commitment_id>/deliver/", commitments.commitment_deliver, name="commitment-deliver"
    ),
    path("commitments/<int:commitment_id>/cancel/", commitments.commitment_cancel, name="commitment-cancel"),
    path("deals/", deals.deal_list, name="deal-list"),
    path("deals/new/", deals.deal_create, name="deal-create"),
    path("deals/<int:deal_id>/", deals.deal_detail, name="deal-detail"),
    path("deals/<int:deal_id>/change/", deals.deal_change, name="deal-change"),
    path("flags/", flags.flag_list, name="flag-list"),
    path("flags/<int:flag_id>/acknowledge/", flags.flag_acknowledge, name="flag-acknowledge"),
    path("flags/<int:flag_id>/snooze/", flags.flag_snooze, name="flag-snooze"),
    path("offerings/", offerings.offering_list, name="offering-list"),
    path("offerings/new/", offerings.offering_create, name="offering-create"),
    path("offerings/map/", offerings.offering_map, name="offering-map"),
    path("offerings/<int:offering_id>/", offerings.offering_detail, name="offering-detail"),
    path("offerings/<int:offering_id>/change/", offerings.offering_change, name="offering-change"),
    path("offerings/<int:offering_id>/archive/", offerings.offering_archive, name="offering-archive"),
    path("verdicts/<int:verdict_id>/", verdicts.verdict_detail, name="verdict-detail"),
]
