"""Let each stored segment say for which products its discounts were, as rows and redeemed codes say."""

from django.db import migrations

# The rows of discounts stay when they are used up; one of the same percentage comes before another
# that bears the same code, the newest first. A code that its own change used up has no such row: what
# the subscription redeemed says it.
SAY_PRODUCTS = """
UPDATE billing_paidsegment g
SET discounts = (
  SELECT jsonb_agg(
    jsonb_build_object('products', coalesce((
      SELECT d.products FROM billing_discount d
      WHERE d.subscription_id = g.subscription_id AND d.code = a.one ->> 'code'
      ORDER BY (d.percent IS NOT DISTINCT FROM (a.one ->> 'percent')::numeric) DESC, d.id DESC
      LIMIT 1
    ), (
      SELECT jsonb_agg(p.key ORDER BY p.position, p.id)
      FROM billing_promoredemption r JOIN billing_promocode c ON c.id = r.promo_id
      JOIN billing_promocode_products cp ON cp.promocode_id = c.id
      JOIN billing_product p ON p.id = cp.product_id
      WHERE r.subscription_id = g.subscription_id AND c.code = a.one ->> 'code'
        AND NOT EXISTS (SELECT 1 FROM billing_promoredemption later
          WHERE later.subscription_id = r.subscription_id AND later.promo_id = r.promo_id AND later.id > r.id)
    ), '[]'::jsonb)) || a.one ORDER BY a.place)
  FROM jsonb_array_elements(g.discounts) WITH ORDINALITY a(one, place)
)
WHERE g.discounts <> '[]'::jsonb
"""


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0009_card_numbers"),
    ]

    operations = [
        migrations.RunSQL(SAY_PRODUCTS, migrations.RunSQL.noop),
    ]
