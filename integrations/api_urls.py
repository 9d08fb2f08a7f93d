"""Addresses under /api/v1/ of this app."""

from django.urls import path

from integrations.api.connections import (
    ConnectionDetail,
    ConnectionList,
    ConnectionMapping,
    ConnectionRuns,
    ConnectionSync,
)

urlpatterns = [
    path("connections/", ConnectionList.as_view()),
    path("connections/<int:pk>/", ConnectionDetail.as_view()),
    path("connections/<int:pk>/sync/", ConnectionSync.as_view()),
    path("connections/<int:pk>/runs/", ConnectionRuns.as_view()),
    path("connections/<int:pk>/mapping/", ConnectionMapping.as_view()),
]
