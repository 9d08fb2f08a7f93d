"""Pages of an organization's people, tokens and settings, under /o/<slug>/."""

from django.urls import path

from tenants.views import invitations, members, organizations, people, tokens

app_name = "tenants"
urlpatterns = [
    path("", people.landing, name="landing"),
    path("members/", members.member_list, name="member-list"),
    path("members/<int:membership_id>/role/", members.member_role, name="member-role"),
    path("members/<int:membership_id>/remove/", members.member_remove, name="member-remove"),
    path("members/invite/", invitations.invitation_new, name="invitation-new"),
    path("invitations/<int:invitation_id>/resend/", invitations.invitation_resend, name="invitation-resend"),
    path("invitations/<int:invitation_id>/revoke/", invitations.invitation_revoke, name="invitation-revoke"),
    path("tokens/", tokens.token_list, name="token-list"),
    path("tokens/new/", tokens.token_new, name="token-new"),
    path("tokens/<int:token_id>/revoke/", tokens.token_revoke, name="token-revoke"),
    path("settings/", organizations.settings, name="settings"),
]
