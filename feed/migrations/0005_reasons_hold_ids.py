"""Takes texts and names out of stored reasons: from now on they hold ids, and names are looked up when read."""

from django.db import migrations

STRIP = """
UPDATE feed_impression SET reason = reason - ARRAY['text', 'name', 'tag', 'en', 'zh']
WHERE reason ?| ARRAY['text', 'name', 'tag', 'en', 'zh']
"""


class Migration(migrations.Migration):
    dependencies = [("feed", "0004_spoken_names")]  # noqa: RUF012

    operations = [migrations.RunSQL(STRIP, migrations.RunSQL.noop)]  # noqa: RUF012
