"""The whole site's addresses; each package names its own."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("hooks/", include("newsletter.hooks")),
    path("", include("newsletter.watch")),
    path("", include("subscribers.urls")),
    path("", include("papers.urls")),
    path("", include("newsletter.site_urls")),
]

handler400 = "subscribers.views.bad_request"
