-- migrate:up

-- Counted every few seconds for the metrics: small, as only what is on hold, or owed, is in them.
create index order_dashboard_on_hold on projections.order_dashboard (status) where hold_reason is not null;
create index order_dashboard_owed on projections.order_dashboard (currency)
    where status = 'cancelled' and payment_state = 'paid';

-- migrate:down
drop index projections.order_dashboard_owed;
drop index projections.order_dashboard_on_hold;
