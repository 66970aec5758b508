-- `pollster adopt --check` looks at the walls that everybody may read, too, and at the rights of the roles that serve.

-- What the view of open walls lacks: as of the five views, but its changes concern guests alone.
create function pollster.adoption_of_open_walls(a_schema text default 'pollster')
    returns table (place integer, word text, what text, remedy text, sql text)
    language plpgsql volatile set search_path = pg_catalog, pg_temp set jit = off
as $$
declare
    the_view constant regclass := to_regclass(format('%I.open_walls', a_schema));
    reader constant name := (select r.rolname from pg_class c join pg_roles r on r.oid = c.relowner where c.oid = the_view);
    t record;
    lacking text[];
begin
    for t in
        select b.rel, b.columns, b.opaque, c.relkind, c.relowner::regrole::text as owner, n.nspname,
               c.relrowsecurity and not (select r.rolsuper or r.rolbypassrls from pg_roles r where r.rolname = reader)
                   and (c.relforcerowsecurity or not pg_has_role(reader, c.relowner, 'usage')) as hides_rows
        from pollster.behind(the_view) b
        left join pg_class c on c.oid = b.rel left join pg_namespace n on n.oid = c.relnamespace
        order by 1, 3
    loop
        sql := null;
        if t.rel is null then
            place := 3;
            word := 'blind';
            what := format('the view open_walls calls %s, and what that reads is not known here', t.opaque);
            remedy := 'give each table that it reads a trigger (docs/ADOPT.md), or write the function with `begin atomic`';
            return next;
            continue;
        end if;
        lacking := array(
            select r from unnest(array['select', case when t.relkind in ('r', 'p') then 'trigger' end]) r
            where r is not null and not (has_table_privilege(reader, t.rel, r) and has_schema_privilege(reader, t.nspname, 'usage')));
        if lacking <> '{}' then
            place := 1;
            word := 'grant';
            what := format('the role %s, which owns the view open_walls, has no right to %s on %s, which belongs to %s',
                           quote_ident(reader), array_to_string(lacking, ', '), t.rel, t.owner);
            remedy := format('as %s', t.owner);
            sql := format(E'grant usage on schema %I to %I;\ngrant %s on %s to %I;\n', t.nspname, reader,
                          array_to_string(lacking, ', '), t.rel, reader);
            return next;
        end if;
        if t.hides_rows then
            place := 1;
            word := 'row-security';
            what := format('row security hides rows of %s from the role %s: their walls are not open', t.rel, quote_ident(reader));
            remedy := 'a policy for that role, or a role that bypasses them';
            sql := format(E'create policy pollster on %s to %I using (true);\n', t.rel, reader);
            return next;
        end if;
        if t.relkind in ('f', 'm') then
            place := 3;
            word := 'blind';
            what := format('%s, behind the view open_walls, is a %s, whose changes no trigger sees', t.rel,
                           case t.relkind when 'f' then 'foreign table' else 'materialized view' end);
            remedy := 'after each of them: select pollster.refresh_access()';
            sql := null;
            return next;
            continue;
        end if;
        lacking := array(
            select e from unnest(array['insert', 'delete', 'update', 'truncate']) with ordinality x(e, n)
            where not (e = 'update' and t.columns = '{}')
                and not pollster.has_trigger(t.rel, '{open_walls_changed}', '{}', e, t.columns, false) order by n);
        if lacking <> '{}' then
            place := 5;
            word := 'trigger';
            what := format('%s: no trigger tells servers of %s (pollster.open_walls_changed), so guests whose poll waits hear '
                           'late of a wall that is closed or opened', t.rel, array_to_string(lacking, ', '));
            remedy := 'create the trigger';
            sql := pollster.trigger_ddl(t.rel, 'open_walls_changed', '{}', lacking, t.columns);
            return next;
        end if;
    end loop;
    if exists (select from pollster.definitions_behind(the_view) d
               where d ~* ('\m(now\(|current_timestamp|current_date|current_time\M|localtime|age\([^,]*\)|'
                           || '(clock|statement|transaction)_timestamp\(|timeofday\()')) then
        place := 3;
        word := 'time';
        what := 'the view open_walls depends on the time of day: when a wall is closed by it, no row changes and nobody is told';
        remedy := 'run select pollster.refresh_access() once a minute (cron), or let a job change what has ended';
        sql := null;
        return next;
    end if;
end $$;

-- Each role that serves, which is whoever was given add_posts, needs all that a server reads and calls. A view that was
-- dropped and made anew has lost what was granted on it, and with it the server its work.
create function pollster.adoption_of_rights() returns table (place integer, word text, what text, remedy text, sql text)
    language plpgsql volatile set search_path = pg_catalog, pg_temp set jit = off
as $$
declare
    serving name;
    lacking text[];
begin
    place := 6;
    word := 'grant';
    for serving in
        select r.rolname from pg_roles r
        where exists (select from pg_proc p cross join lateral aclexplode(p.proacl) a
                      where p.pronamespace = 'pollster'::regnamespace and p.proname = 'add_posts' and a.grantee = r.oid)
            and not pg_has_role(r.oid, (select n.nspowner from pg_namespace n where n.nspname = 'pollster'), 'usage')
        order by 1
    loop
        lacking := array(select w from pollster.rights_to_serve() w where w not in (select pollster.rights_of(serving)) order by 1);
        if lacking <> '{}' then
            what := format('the role %s, which serves, lacks a right: %s%s', quote_ident(serving), lacking[1],
                           case when cardinality(lacking) > 1 then format(', and %s more', cardinality(lacking) - 1) else '' end);
            remedy := 'as the owner of Pollster''s schemas, whenever a view was made anew';
            sql := E'select pollster.let_serve();\n';
            return next;
        end if;
    end loop;
end $$;

-- Internal: the table that has the people, if the rows of sessions are its rows (a column `api_token`), so that whoever
-- ends a session deletes somebody; null: it is not so.
create function pollster.people_as_sessions() returns regclass
    language sql volatile set search_path = pg_catalog, pg_temp set jit = off
as $$
    select min(o.rel::oid)::regclass from pollster.origins_of('pollster.sessions', 'user_id') o
    where o.names = 'token_hash' and o.rel in (select b.rel from pollster.behind('pollster.users') b)
        and pg_relation_is_updatable('pollster.sessions'::regclass, false) & 16 > 0
        and not exists (select from pg_trigger t where t.tgrelid = 'pollster.sessions'::regclass
                        and t.tgtype & 64 > 0 and t.tgtype & 8 > 0) -- instead of delete
$$;

revoke execute on function pollster.adoption_of_open_walls, pollster.adoption_of_rights, pollster.people_as_sessions,
    pollster.adoption from public;
