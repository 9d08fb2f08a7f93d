"""Addresses under /api/v1/ of this app."""

from django.urls import path

from dashboards.api import BoardOfPools

urlpatterns = [path("board/", BoardOfPools.as_view())]
