"""Pages that look across everything, under /o/<slug>/."""

from django.urls import path

from dashboards.views import board

app_name = "dashboards"

urlpatterns = [path("board/", board.board, name="board")]
