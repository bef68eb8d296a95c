"""{% load dates %}: {{ day|dated:"j F Y" }}."""

from django import template

from papers.dates import dated

register = template.Library()
# Like Django's own `date`: an aware datetime is turned to the current zone first.
register.filter("dated", dated, expects_localtime=True)
