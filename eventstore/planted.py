"""Refuses to migrate where objects of another role than the owner would run with the owner's rights."""

from typing import Final

import asyncpg

# Looks at catalogs alone, which runs nothing that it finds. Trusted are the objects of a superuser, of the owner of the
# database or of the log, and of the role that migrates. Before 20260504000001, which has the same text, the application's
# role owned the read models' tables: of these and of no other object it may be the owner, with nothing on them that runs.
PLANTED: Final = """
    with trusted as (
        select oid from pg_roles
         where rolsuper or rolname = current_user
            or oid = (select datdba from pg_database where datname = current_database())
            or oid = (select nspowner from pg_namespace where nspname = 'eventstore')
    ), owned as (
        select d.classid, d.objid, i.type, i.schema, i.name, i.identity
          from pg_shdepend d, pg_identify_object(d.classid, d.objid, 0) i
         where d.deptype = 'o' and d.refclassid = 'pg_authid'::regclass and d.refobjid not in (select oid from trusted)
           and d.dbid = (select oid from pg_database where datname = current_database())
           and (coalesce(i.schema, i.name) in ('dispatcher', 'eventstore', 'gateways', 'inventory', 'projections', 'simulated',
                                               'web', 'webhooks')
                or i.identity = 'public.schema_migrations')
    ), given as (
        select c.* from pg_class c join owned o on o.classid = 'pg_class'::regclass and o.objid = c.oid
         where c.relkind = 'r' and c.relpersistence = 'p' and o.schema = 'projections'
    )
    select type || ' ' || identity from owned
     where not (classid = 'pg_class'::regclass and objid in (select oid from given))
    union all
    select 'row security on ' || oid::regclass from given where relrowsecurity or relforcerowsecurity
    union all
    select 'policy ' || polname || ' on ' || polrelid::regclass from pg_policy
     where polrelid in (select oid from given)
    union all
    select 'trigger ' || t.tgname || ' on ' || t.tgrelid::regclass
      from pg_trigger t join given g on g.oid = t.tgrelid join pg_proc p on p.oid = t.tgfoid
     where not t.tgisinternal
       and (t.tgqual is not null or p.pronamespace <> g.relnamespace or p.proowner not in (select oid from trusted))
    union all
    select 'rule ' || rulename || ' on ' || ev_class::regclass from pg_rewrite where ev_class in (select oid from given)
    union all
    select 'default or generated column of ' || adrelid::regclass from pg_attrdef
     where adrelid in (select oid from given)
    union all
    select 'constraint ' || conname || ' on ' || conrelid::regclass from pg_constraint
     where (conrelid in (select oid from given) and contype not in ('p', 'n'))
        or confrelid in (select oid from given)
    union all
    select 'index ' || indexrelid::regclass from pg_index
     where indrelid in (select oid from given)
       and (indexprs is not null
            or exists (select from pg_depend where classid = 'pg_class'::regclass and objid = indexrelid
                          and refclassid not in ('pg_class'::regclass, 'pg_constraint'::regclass)))
    union all
    select 'statistics ' || stxname || ' on ' || stxrelid::regclass from pg_statistic_ext
     where stxrelid in (select oid from given)
    union all
    select 'column ' || attname || ' of ' || attrelid::regclass from pg_attribute
     where attrelid in (select oid from given) and attnum > 0 and not attisdropped
       and atttypid not in (select oid from pg_type where typnamespace = 'pg_catalog'::regnamespace)
    union all
    select 'inheritance of ' || inhrelid::regclass || ' from ' || inhparent::regclass from pg_inherits
     where inhrelid in (select oid from given) or inhparent in (select oid from given)
"""


class Planted(Exception):
    """Objects of another role exist in the schemas of the migrations. Find their creator, and drop them."""

    def __init__(self, objects: list[str]) -> None:
        super().__init__(
            f"not migrated: these could run with the owner's rights, and another role has made them: {', '.join(objects)}. "
            "Find out how they came there, drop them as the owner, and migrate again"
        )
        self.objects = objects


async def refuse_planted(connection: asyncpg.Connection) -> None:
    """Raises Planted. The connection's search_path must be pg_catalog."""
    found = sorted({row[0] for row in await connection.fetch(PLANTED)})
    if found:
        raise Planted(found)
