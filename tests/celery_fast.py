"""The Celery application with a beat that ticks every second: a test does not wait a minute."""

from newsletter.celery import app

app.loader.import_default_modules()
app.conf.beat_schedule = {
    "tick": {"task": "newsletter.tasks.tick", "schedule": 1.0, "options": {"expires": 30}}
}
