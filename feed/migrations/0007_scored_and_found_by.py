import django.contrib.postgres.fields
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    """What was shown before was scored, as far as anybody can tell, when it was shown."""

    dependencies = [
        ("feed", "0006_outcomes"),
    ]

    operations = [
        migrations.AddField(
            model_name="impression",
            name="found_by",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=40),
                blank=True,
                default=list,
                size=None,
                verbose_name="found by",
            ),
        ),
        migrations.AddField(
            model_name="impression",
            name="scored_at",
            field=models.DateTimeField(default=django.utils.timezone.now, verbose_name="scored"),
        ),
        migrations.RunSQL(
            """UPDATE feed_impression SET scored_at = shown_at,
                 found_by = CASE WHEN source = '' THEN '{}' ELSE ARRAY[source] END""",
            migrations.RunSQL.noop,
        ),
    ]
