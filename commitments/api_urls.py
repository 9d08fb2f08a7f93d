"""Addresses under /api/v1/ of this app."""

from django.urls import path

from commitments.api.checks import CheckDetail, CheckList
from commitments.api.commitments import CommitmentDetail, CommitmentList
from commitments.api.deals import DealDetail, DealList
from commitments.api.decisions import Approve, Cancel, Decline, Deliver, Propose, Withdraw
from commitments.api.flags import FlagAcknowledge, FlagDetail, FlagList, FlagSnooze
from commitments.api.ledger import Ledger
from commitments.api.offerings import OfferingDetail, OfferingList

urlpatterns = [
    path("offerings/", OfferingList.as_view()),
    path("offerings/<int:pk>/", OfferingDetail.as_view()),
    path("deals/", DealList.as_view()),
    path("deals/<int:pk>/", DealDetail.as_view()),
    path("checks/", CheckList.as_view()),
    path("checks/<int:pk>/", CheckDetail.as_view()),
    path("commitments/", CommitmentList.as_view()),
    path("commitments/<int:pk>/", CommitmentDetail.as_view()),
    path("commitments/<int:pk>/propose/", Propose.as_view()),
    path("commitments/<int:pk>/approve/", Approve.as_view()),
    path("commitments/<int:pk>/decline/", Decline.as_view()),
    path("commitments/<int:pk>/withdraw/", Withdraw.as_view()),
    path("commitments/<int:pk>/deliver/", Deliver.as_view()),
    path("commitments/<int:pk>/cancel/", Cancel.as_view()),
    path("flags/", FlagList.as_view()),
    path("flags/<int:pk>/", FlagDetail.as_view()),
    path("flags/<int:pk>/acknowledge/", FlagAcknowledge.as_view()),
    path("flags/<int:pk>/snooze/", FlagSnooze.as_view()),
    path("ledger/", Ledger.as_view()),
]
