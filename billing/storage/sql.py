"""The statements that loading.py and contacts.py read with, giving JSON documents.

Amounts are multiplied by `scale`, ten to the power of the currency's decimals: minor units.
"""

SUBSCRIPTIONS = """
SELECT s.account_id, json_build_object(
  'catalogue', s.catalogue_id, 'currency', s.currency, 'cycle', s.cycle, 'anchor', s.anchor,
  'period_start', s.period_start, 'period_end', s.period_end, 'paid_until', s.paid_until,
  'parked', s.parked_at IS NOT NULL,
  'version', s.version, 'offered', (SELECT v.version FROM billing_catalogueversion v),
  'tax', trim_scale(s.tax_percent)::text,
  'country', coalesce(a.country, ''), 'region', coalesce(a.region, ''),
  'number_of', CASE WHEN b.tax_id_kind = 'vat' THEN b.tax_id_country ELSE '' END,
  'lines', (SELECT coalesce(json_agg(json_build_object(
      'id', l.id, 'product', p.key, 'edition', e.key, 'quantity', l.quantity,
      'unit', (l.unit_price * s.scale)::bigint, 'allowances', l.allowances,
      'price_ends_on', l.price_ends_on,
      'in_use', l.in_use,
      'holders', CASE WHEN %(holders)s THEN
          (SELECT json_agg(a.membership_id) FROM billing_agentseat a WHERE a.line_id = l.id) END,
      'segments', (SELECT coalesce(json_agg(json_build_object(
          'id', g.id, 'from', g.covers_from, 'until', g.covers_until, 'start', g.term_start,
          'end', g.term_end, 'unit', (g.unit_price * s.scale)::bigint, 'quantity', g.quantity,
          'months', g.months, 'cycle', g.cycle, 'discounts', g.discounts, 'added', g.added,
          'charged', (g.charged * s.scale)::bigint, 'credited', (g.credited * s.scale)::bigint,
          'taxes', g.taxes::text) ORDER BY g.covers_from), '[]')
        FROM billing_paidsegment g
        WHERE g.line_id = l.id AND g.covers_until > coalesce(s.period_start, '-infinity'))
      ) ORDER BY p.position, p.id), '[]')
    FROM billing_line l JOIN billing_product p ON p.id = l.product_id
    JOIN billing_edition e ON e.id = l.edition_id
    WHERE l.subscription_id = s.account_id AND l.ended_on IS NULL),
  'scheduled', (SELECT coalesce(json_agg(json_build_object(
      'id', x.id, 'kind', x.kind, 'product', p.key, 'quantity', x.quantity, 'edition', e.key,
      'cycle', x.cycle, 'leaving', x.leaving, 'on', x.takes_effect_on, 'version', x.version,
      'by', u.name, 'at', x.created_at) ORDER BY x.id), '[]')
    FROM billing_scheduledchange x LEFT JOIN billing_line l ON l.id = x.line_id
    LEFT JOIN billing_product p ON p.id = l.product_id
    LEFT JOIN billing_edition e ON e.id = x.edition_id
    LEFT JOIN accounts_user u ON u.id = x.created_by_id
    WHERE x.subscription_id = s.account_id),
  'temporary', (SELECT coalesce(json_agg(json_build_object(
      'id', t.id, 'product', p.key, 'quantity', t.quantity, 'from', t.starts_on,
      'until', t.ends_on, 'charged', (t.charged * s.scale)::bigint) ORDER BY t.starts_on, t.id), '[]')
    FROM billing_temporaryseats t JOIN billing_line l ON l.id = t.line_id
    JOIN billing_product p ON p.id = l.product_id
    WHERE t.subscription_id = s.account_id AND t.ends_on > s.today),
  'agreed', (SELECT coalesce(json_agg(json_build_object(
      'product', p.key, 'edition', e.key, 'cycle', g.cycle, 'unit', (g.amount * s.scale)::bigint,
      'from', g.starts_on, 'until', g.ends_on) ORDER BY g.starts_on, g.id), '[]')
    FROM billing_agreedprice g JOIN billing_edition e ON e.id = g.edition_id
    JOIN billing_product p ON p.id = e.product_id
    WHERE g.subscription_id = s.account_id AND (g.ends_on IS NULL OR g.ends_on > g.starts_on)),
  'discounts', (SELECT coalesce(json_agg(json_build_object(
      'id', d.id, 'code', d.code, 'source', d.source, 'percent', d.percent::text,
      'amount', coalesce((d.amount * s.scale)::bigint, 0), 'products', d.products,
      'periods_left', d.periods_left, 'version', d.version) ORDER BY d.created_at, d.id), '[]')
    FROM billing_discount d WHERE d.subscription_id = s.account_id AND d.ended_at IS NULL),
  'balance', (SELECT coalesce((sum(b.amount) * s.scale)::bigint, 0)
    FROM billing_balanceentry b WHERE b.subscription_id = s.account_id),
  'held', EXISTS (SELECT 1 FROM billing_quote q
    WHERE q.subscription_id = s.account_id AND q.state = 'held'),
  'unpaid', (SELECT i.number FROM billing_invoice i
    WHERE i.subscription_id = s.account_id AND i.due > 0 AND s.owing
    AND NOT EXISTS (SELECT 1 FROM billing_invoicepayment y WHERE y.invoice_id = i.id)
    ORDER BY i.issued_at LIMIT 1),
  'promos', (SELECT coalesce(json_agg(json_build_object(
      'code', o.code, 'percent', o.percent::text, 'amount', coalesce((o.amount * s.scale)::bigint, 0),
      'products', (SELECT coalesce(json_agg(p.key), '[]') FROM billing_promocode_products op
          JOIN billing_product p ON p.id = op.product_id WHERE op.promocode_id = o.id),
      'periods', o.periods, 'first', o.first_purchase_only, 'withdrawn', o.withdrawn,
      'currency', o.amount_currency, 'from', o.valid_from, 'until', o.valid_until,
      'left', least(o.limit_total - o.used, o.limit_per_account - (
          SELECT count(*) FROM billing_promoredemption x
          WHERE x.promo_id = o.id AND x.subscription_id = s.account_id)))), '[]')
    FROM billing_promocode o WHERE o.catalogue_id = s.catalogue_id AND o.code = ANY(%(promos)s)
  ),
  'open_requests', (SELECT count(*) FROM billing_changerequest r
    WHERE r.subscription_id = s.account_id AND r.state = 'open'),
  'payment', (SELECT json_build_object('kind', m.kind, 'brand', m.brand, 'last_four', m.last_four,
      'expires_month', m.expires_month, 'expires_year', m.expires_year)
    FROM billing_paymentmethod m WHERE m.subscription_id = s.account_id AND m.use = 'default')
)
FROM (
  SELECT x.*, w.today, w.scale, w.owing
  FROM unnest(%(accounts)s::bigint[], %(days)s::date[], %(scales)s::bigint[], %(owing)s::boolean[])
    AS w (account_id, today, scale, owing)
  JOIN billing_subscription x USING (account_id)
) s
LEFT JOIN billing_billingprofile b ON b.account_id = s.account_id
LEFT JOIN billing_postaladdress a ON a.id = b.sold_to_id
"""

# What catalogues offer in a currency; under no catalogue the tax rates of countries, and the version of all.
# What is read here is kept under that version: billing.models.CatalogueVersion hears of each of these tables.
CATALOGUES = """
SELECT w.catalogue_id, w.currency, (SELECT coalesce(json_agg(json_build_object(
  'key', p.key, 'name', p.name, 'kind', p.kind, 'open', p.open_to_assisted,
  'minimum', p.minimum, 'maximum', p.maximum, 'withdrawn', p.withdrawn, 'tax', p.tax_category,
  'counted_in', p.counted_in,
  'includes', (SELECT coalesce(json_agg(q.key ORDER BY q.position), '[]')
    FROM billing_product_includes i JOIN billing_product q ON q.id = i.to_product_id
    WHERE i.from_product_id = p.id),
  'requires', (SELECT coalesce(json_agg(q.key ORDER BY q.position), '[]')
    FROM billing_product_requires i JOIN billing_product q ON q.id = i.to_product_id
    WHERE i.from_product_id = p.id),
  'editions', (SELECT coalesce(json_agg(json_build_object(
      'key', e.key, 'name', e.name, 'rank', e.rank, 'availability', e.availability,
      'allowances', e.allowances, 'temporary', e.supports_temporary, 'purpose', e.purpose,
      'prices', (SELECT coalesce(json_agg(json_build_object(
          'cycle', r.cycle, 'unit', (r.amount * w.scale)::bigint, 'from', r.in_force_from)), '[]')
        FROM billing_price r WHERE r.edition_id = e.id AND r.amount_currency = w.currency),
      'price_ends', (SELECT coalesce(json_agg(json_build_object(
          'cycle', x.cycle, 'unit', (x.amount * w.scale)::bigint, 'on', x.ends_on)), '[]')
        FROM billing_priceending x
        WHERE x.edition_id = e.id AND x.amount_currency = w.currency AND x.stopped_at IS NULL)
      ) ORDER BY e.rank), '[]')
    FROM billing_edition e WHERE e.product_id = p.id)
  ) ORDER BY p.position, p.id), '[]')::text
FROM billing_product p WHERE p.catalogue_id = w.catalogue_id), c.labels::text
FROM unnest(%(catalogues)s::bigint[], %(currencies)s::text[], %(scales)s::bigint[])
  AS w (catalogue_id, currency, scale)
JOIN billing_catalogue c ON c.id = w.catalogue_id
UNION ALL
SELECT NULL, w.country, (SELECT coalesce(json_agg(json_build_object(
    'country', r.country, 'region', r.region, 'category', r.category, 'name', r.name, 'scope', r.scope,
    'percent', trim_scale(r.percent)::text, 'law', r.law, 'code', r.code, 'from', r.in_force_from)
    ORDER BY r.id), '[]')::text
  FROM billing_taxrate r WHERE r.country = w.country), NULL
FROM unnest(%(countries)s::text[]) AS w (country)
UNION ALL
SELECT NULL, NULL, v.version::text, NULL FROM billing_catalogueversion v
"""

# The buyer as billing.rules.parties writes it.
CONTACTS = """
SELECT w.account_id, json_build_object(
  'people', (SELECT coalesce(json_agg(json_build_object(
      'id', u.id, 'email', u.email, 'language', u.language, 'name', u.name)
      ORDER BY m.role <> 'owner', m.listed_as, m.id), '[]')
    FROM accounts_membership m JOIN accounts_user u ON u.id = m.user_id
    WHERE m.account_id = w.account_id AND m.role IN ('owner', 'billing_admin')
    AND m.suspended_at IS NULL AND u.is_active),
  'recipients', (SELECT coalesce(json_agg(json_build_object(
      'email', r.email, 'language', r.language, 'name', r.name) ORDER BY r.email), '[]')
    FROM billing_invoicerecipient r WHERE r.profile_id = w.account_id),
  'first_recipient', (SELECT r.email FROM billing_invoicerecipient r
    WHERE r.profile_id = w.account_id ORDER BY r.id LIMIT 1),
  'buyer', json_build_object('name', b.legal_name,
    'sold_to', CASE WHEN s.id IS NOT NULL THEN json_build_object(
      'country', s.country, 'lines', s.lines, 'city', s.city, 'district', s.district, 'region', s.region,
      'postal_code', s.postal_code, 'sorting_code', s.sorting_code) END,
    'bill_to', CASE WHEN i.id IS NOT NULL THEN json_build_object(
      'country', i.country, 'lines', i.lines, 'city', i.city, 'district', i.district, 'region', i.region,
      'postal_code', i.postal_code, 'sorting_code', i.sorting_code) END,
    'tax_id', CASE WHEN b.tax_id_number <> '' THEN json_build_object(
      'kind', b.tax_id_kind, 'country', b.tax_id_country, 'number', b.tax_id_number) END),
  'purchase_order', coalesce(b.purchase_order, ''),
  'method', (SELECT json_build_object('kind', m.kind, 'brand', m.brand, 'last_four', m.last_four,
      'reference', m.reference)
    FROM billing_paymentmethod m WHERE m.subscription_id = w.account_id AND m.use = 'default')
)
FROM unnest(%s::bigint[]) AS w (account_id)
LEFT JOIN billing_billingprofile b ON b.account_id = w.account_id
LEFT JOIN billing_postaladdress s ON s.id = b.sold_to_id
LEFT JOIN billing_postaladdress i ON i.id = b.bill_to_id
"""
