"""Addresses under /api/v1/ of this app."""

from django.urls import path

from capacity.api.capacity_changes import CapacityChangeDetail, CapacityChangeList
from capacity.api.pools import PoolDetail, PoolList
from capacity.api.resources import ResourceDetail, ResourceList

urlpatterns = [
    path("pools/", PoolList.as_view()),
    path("pools/<int:pk>/", PoolDetail.as_view()),
    path("resources/", ResourceList.as_view()),
    path("resources/<int:pk>/", ResourceDetail.as_view()),
    path("capacity-changes/", CapacityChangeList.as_view()),
    path("capacity-changes/<int:pk>/", CapacityChangeDetail.as_view()),
]
