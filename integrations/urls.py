from django.urls import include, path

from integrations.views import connecting, connections, imports, rejected

app_name = "integrations"

connection = [
    path("", connections.connection_detail, name="connection-detail"),
    path("test/", connecting.connection_test, name="connection-test"),
    path("start/", connecting.connection_start, name="connection-start"),
    path("pause/", connecting.connection_pause, name="connection-pause"),
    path("resume/", connecting.connection_resume, name="connection-resume"),
    path("sync/", connecting.connection_sync, name="connection-sync"),
]
urlpatterns = [
    path("connections/", connections.connection_list, name="connection-list"),
    path("connections/new/<slug:provider>/", connecting.connection_new, name="connection-new"),
    path("connections/<int:connection_id>/", include(connection)),
    path(
        "connections/<int:connection_id>/progress/",
        connections.connection_progress,
        name="connection-progress",
    ),
    path(
        "connections/<int:connection_id>/mapping/", connections.connection_mapping, name="connection-mapping"
    ),
    path(
        "connections/<int:connection_id>/history/", connections.connection_history, name="connection-history"
    ),
    path(
        "connections/<int:connection_id>/written/", connections.connection_written, name="connection-written"
    ),
    path(
        "connections/<int:connection_id>/sign-in/", connecting.connection_sign_in, name="connection-sign-in"
    ),
    path(
        "connections/<int:connection_id>/signed-in/",
        connecting.connection_signed_in,
        name="connection-signed-in",
    ),
    path(
        "connections/<int:connection_id>/entries/", connecting.connection_entries, name="connection-entries"
    ),
    path(
        "connections/<int:connection_id>/disconnect/",
        connecting.connection_disconnect,
        name="connection-disconnect",
    ),
    path("imports/", imports.import_list, name="import-list"),
    path("imports/<int:import_id>/", imports.import_detail, name="import-detail"),
    path("imports/<int:import_id>/progress/", imports.import_progress, name="import-progress"),
    path("imports/<int:import_id>/answer/", imports.import_answer, name="import-answer"),
    path("imports/<int:import_id>/words/", imports.import_words, name="import-words"),
    path("imports/<int:import_id>/confirm/", imports.import_confirm, name="import-confirm"),
    path("imports/<int:import_id>/cancel/", imports.import_cancel, name="import-cancel"),
    path("imports/<int:import_id>/rejected.csv", rejected.import_rejected, name="import-rejected"),
]
