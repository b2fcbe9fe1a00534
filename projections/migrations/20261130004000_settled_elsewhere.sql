-- migrate:up
-- A cancelled order whose money a person returned in another way is no longer owed anything.
alter table projections.order_dashboard add column amount_settled bigint not null default 0;
alter table projections.order_dashboard alter column amount_settled drop default;
drop index projections.order_dashboard_owed;
create index order_dashboard_owed on projections.order_dashboard (currency)
    where status = 'cancelled' and payment_state = 'paid' and amount_settled = 0;

-- migrate:down
drop index projections.order_dashboard_owed;
create index order_dashboard_owed on projections.order_dashboard (currency)
    where status = 'cancelled' and payment_state = 'paid';
alter table projections.order_dashboard drop column amount_settled;
