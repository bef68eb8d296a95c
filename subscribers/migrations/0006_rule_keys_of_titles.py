from django.db import migrations

from papers.text import title_key


def fill(apps, schema_editor):
    rules = apps.get_model("subscribers", "Rule").objects.filter(kind="title", key="")
    batch = []
    for rule in rules.iterator():
        rule.key = title_key(rule.text, "")
        batch.append(rule)
        if len(batch) == 500:
            rules.model.objects.bulk_update(batch, ["key"])
            batch = []
    rules.model.objects.bulk_update(batch, ["key"])


class Migration(migrations.Migration):
    dependencies = [("subscribers", "0005_rule_key")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
