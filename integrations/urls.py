"""Pages of imports, under /o/<slug>/."""

from django.urls import path

from integrations import views

app_name = "integrations"

urlpatterns = [
    path("imports/", views.import_list, name="import-list"),
    path("imports/<int:import_id>/", views.import_detail, name="import-detail"),
    path("imports/<int:import_id>/answer/", views.import_answer, name="import-answer"),
    path("imports/<int:import_id>/words/", views.import_words, name="import-words"),
    path("imports/<int:import_id>/confirm/", views.import_confirm, name="import-confirm"),
    path("imports/<int:import_id>/cancel/", views.import_cancel, name="import-cancel"),
    path("imports/<int:import_id>/rejected.csv", views.import_rejected, name="import-rejected"),
]
