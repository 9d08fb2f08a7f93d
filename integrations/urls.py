from django.urls import path

from integrations.views import imports, rejected

app_name = "integrations"

urlpatterns = [
    path("imports/", imports.import_list, name="import-list"),
    path("imports/<int:import_id>/", imports.import_detail, name="import-detail"),
    path("imports/<int:import_id>/progress/", imports.import_progress, name="import-progress"),
    path("imports/<int:import_id>/answer/", imports.import_answer, name="import-answer"),
    path("imports/<int:import_id>/words/", imports.import_words, name="import-words"),
    path("imports/<int:import_id>/confirm/", imports.import_confirm, name="import-confirm"),
    path("imports/<int:import_id>/cancel/", imports.import_cancel, name="import-cancel"),
    path("imports/<int:import_id>/rejected.csv", rejected.import_rejected, name="import-rejected"),
]
