"""Pages of a person, outside of any organization."""

from django.urls import path

from tenants.views import invitations, organizations, people

urlpatterns = [
    path("", people.home, name="home"),
    path("organizations/new/", organizations.organization_new, name="organization-new"),
    path("invitations/<str:secret>/", invitations.invitation_accept, name="invitation-accept"),
    path("person/", people.person_settings, name="person-settings"),
]
