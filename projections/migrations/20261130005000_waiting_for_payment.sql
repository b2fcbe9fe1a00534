-- migrate:up
-- Both null unless the order waits for another payment.
alter table projections.order_dashboard add column payment_failure text, add column waits_until timestamptz;

-- migrate:down
alter table projections.order_dashboard drop column waits_until, drop column payment_failure;
