-- migrate:up
-- Answers are kept without the secret of a webhook endpoint from now on; the ones of the last day had it.
update web.idempotency_keys
   set body = convert_to(regexp_replace(convert_from(body, 'UTF8'), '"secret":"whsec_[^"]*"', '"secret":null'), 'UTF8')
 where position(convert_to('"secret":"whsec_', 'UTF8') in body) > 0;

-- migrate:down
