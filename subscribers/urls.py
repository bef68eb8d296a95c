from django.urls import path, re_path

from subscribers import feedback, preference_views, session_views, views

app_name = "subscribers"

# Only these letters ever stand in a token; anything else is the plain 404.
TOKEN = "(?P<token>[A-Za-z0-9_-]{1,80})"  # noqa: S105
TAP = f"(?P<kind>{'|'.join(feedback.OFFERED)})"
GROUP = "(?P<group>" + "|".join(preference_views.GROUPS) + ")"

urlpatterns = [
    path("", views.landing, name="landing"),
    path("sign-in", views.sign_in, name="sign_in"),
    path("sign-out", views.sign_out, name="sign_out"),
    path("saved", session_views.saved, name="saved"),
    path("topic/<slug:slug>/follow", session_views.follow_topic, name="follow_topic"),
    re_path(rf"^answer/(?P<pk>[0-9]{{1,18}})/{TAP}$", session_views.tap, name="tap"),
    path("author/<int:pk>/follow", session_views.follow_author, name="follow_author"),
    re_path(rf"^sign-in/{TOKEN}$", views.sign_in_by_link, name="sign_in_by_link"),
    re_path(rf"^c/{TOKEN}$", views.confirm, name="confirm"),
    re_path(rf"^u/{TOKEN}$", views.unsubscribe, name="unsubscribe"),
    re_path(rf"^back/{TOKEN}$", views.restore, name="restore"),
    re_path(rf"^p/{TOKEN}$", preference_views.centre, name="preferences"),
    re_path(rf"^p/{TOKEN}/pause$", preference_views.pause, name="pause"),
    re_path(rf"^p/{TOKEN}/pause-here$", preference_views.pause_here, name="pause_here"),
    re_path(rf"^p/{TOKEN}/papers$", preference_views.bring, name="bring"),
    re_path(rf"^p/{TOKEN}/forget$", preference_views.forget, name="forget"),
    re_path(rf"^p/{TOKEN}/erase$", preference_views.erase, name="erase"),
    re_path(rf"^p/{TOKEN}/{GROUP}$", preference_views.save, name="save"),
]
