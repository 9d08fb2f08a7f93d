"""Pages of checks, approvals, commitments and verdicts, under /o/<slug>/."""

from django.urls import path

from commitments.views import check

app_name = "commitments"

urlpatterns = [
    path("check", check.check, name="check"),
    path("check/propose", check.check_propose, name="check-propose"),
]
