from django.urls import path

from capacity.views import changes, imports, pools, resources

app_name = "capacity"

urlpatterns = [
    path("pools/", pools.pool_list, name="pool-list"),
    path("pools/new/", pools.pool_create, name="pool-create"),
    path("pools/<int:pool_id>/", pools.pool_detail, name="pool-detail"),
    path("pools/<int:pool_id>/change/", pools.pool_change, name="pool-change"),
    path("pools/<int:pool_id>/archive/", pools.pool_archive, name="pool-archive"),
    path("pools/<int:pool_id>/restore/", pools.pool_restore, name="pool-restore"),
    path("pools/<int:pool_id>/people/new/", resources.resource_create, name="resource-create"),
    path("pools/<int:pool_id>/changes/new/", changes.change_create, name="change-create"),
    path("pools/<int:pool_id>/changes/restore/", changes.change_restore, name="change-restore"),
    path("pools/regions/", resources.resource_regions, name="resource-regions"),
    path("pools/people/<int:resource_id>/", resources.resource_change, name="resource-change"),
    path("pools/changes/<int:change_id>/remove/", changes.change_remove, name="change-remove"),
    path("pools/import/<slug:kind>/", imports.import_start, name="import-start"),
    path("pools/import/<slug:kind>/save/", imports.import_save, name="import-save"),
]
