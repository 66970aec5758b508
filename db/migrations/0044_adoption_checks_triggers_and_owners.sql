-- What `pollster adopt --check` asks of triggers that are there: that a change of each column which the view depends on makes
-- them fire, that they have the arguments which the view asks for, and that nobody can put their functions elsewhere; and of
-- the owner of the views: that the functions which write posts and sessions may use them.

-- Internal: what a condition joins by this word (AND, OR) at its outermost.
create function pollster.operands(a_condition text, a_word text) returns setof text
    language plpgsql immutable strict set search_path = pg_catalog, pg_temp
as $$
declare
    c text := a_condition;
    between constant text := ' ' || a_word || ' ';
    depth integer;
    from_here integer := 1;
    whole boolean;
    quoted text := ''; -- the quotation mark that is open
    here text;
begin
    loop -- parentheses around all of it
        exit when left(c, 1) <> '(' or right(c, 1) <> ')';
        depth := 0;
        whole := true;
        for i in 1 .. length(c) - 1 loop
            here := substr(c, i, 1);
            if quoted <> '' then
                quoted := case when here = quoted then '' else quoted end;
            elsif here in ('''', '"') then
                quoted := here;
            else
                depth := depth + case here when '(' then 1 when ')' then -1 else 0 end;
                if depth = 0 then
                    whole := false;
                    exit;
                end if;
            end if;
        end loop;
        quoted := '';
        exit when not whole;
        c := substr(c, 2, length(c) - 2);
    end loop;
    depth := 0;
    for i in 1 .. length(c) loop
        here := substr(c, i, 1);
        if quoted <> '' then
            quoted := case when here = quoted then '' else quoted end;
        elsif here in ('''', '"') then
            quoted := here;
        elsif here in ('(', ')') then
            depth := depth + case here when '(' then 1 else -1 end;
        elsif depth = 0 and substr(c, i, length(between)) = between then
            return next substr(c, from_here, i - from_here);
            from_here := i + length(between);
        end if;
    end loop;
    return next substr(c, from_here);
end $$;

create or replace function pollster.conjuncts(a_condition text) returns setof text
    language sql immutable strict set search_path = pg_catalog, pg_temp
    return pollster.operands(a_condition, 'AND');

-- Internal: the columns of which any change makes a trigger of updates fire: those of `update of`, and of `when` those that
-- it compares with what they were, each in an alternative of its own, and so that null is a value (`<>` does not). A row
-- that is compared whole has all of them, and so has an alternative that looks at no column.
create function pollster.columns_heeded(a_trigger oid) returns text[]
    language sql stable set search_path = pg_catalog, pg_temp set jit = off
as $$
    with t as (
        select g.tgrelid, g.tgattr,
               (regexp_match(pg_get_triggerdef(g.oid), ' FOR EACH ROW WHEN \((.*)\) EXECUTE FUNCTION '))[1] as condition
        from pg_trigger g where g.oid = a_trigger
    ), alternatives as materialized (
        select c.text, array(select distinct m[1] from regexp_matches(c.text, '\mold\.("(?:[^"]|"")+"|[a-z0-9_$]+|\*)', 'g') m) as was,
               array(select distinct m[1] from regexp_matches(c.text, '\mnew\.("(?:[^"]|"")+"|[a-z0-9_$]+|\*)', 'g') m) as is_now
        from t cross join lateral pollster.operands(pollster.without_literals(t.condition), 'OR') c(text)
    )
    select array(
        select a.attname::text from t join pg_attribute a on a.attrelid = t.tgrelid and a.attnum > 0 and not a.attisdropped
        where (t.tgattr = '' or a.attnum = any (t.tgattr))
            and (t.condition is null or exists (
                select from alternatives c
                where c.was = c.is_now
                    and (c.was in ('{}', array['*'])
                         or c.was = array[quote_ident(a.attname)]
                            and (c.text ~ 'IS DISTINCT FROM' or c.text ~ '<>' and (a.attnotnull or c.text ~ 'COALESCE')))))
        order by a.attname)
$$;

-- As in 0024; the triggers that do this are taken together, and have to heed each of the columns.
create or replace function pollster.has_trigger(a_rel regclass, a_functions text[], a_arguments text[], a_event text, a_used text[],
                                                as_given boolean) returns boolean
    language sql stable set search_path = pg_catalog, pg_temp set jit = off
as $$
    with those as materialized (
        select t.oid from pg_trigger t
        join pg_proc f on f.oid = t.tgfoid and f.pronamespace = 'pollster'::regnamespace and f.proname = any (a_functions)
        cross join lateral (select pollster.arguments_of(t.oid) as given) g
        cross join lateral (select case when g.given[1] is not null then g.given
                                        when f.proname = 'feed_entry' then '{id,wall_id,user_id,body}'::text[]
                                        when f.proname = 'access_changed' then '{user_id}'::text[]
                                        when f.proname in ('access_changed_of_wall', 'post_refreshed') then '{wall_id}'::text[]
                                        when f.proname = 'wall_removed' then '{id}'::text[]
                                        else '{}' end as given) a
        where t.tgrelid = a_rel and not t.tgisinternal and t.tgenabled in ('O', 'A')
            and t.tgtype & case a_event when 'insert' then 4 when 'delete' then 8 when 'update' then 16 else 32 end > 0
            and (a_event = 'truncate') = (t.tgtype & 1 = 0)
            and (a_event = 'truncate' or f.proname = 'wall_removed' or t.tginitdeferred)
            and (a_event = 'truncate' or not as_given
                 or (a.given[1:least(cardinality(a_arguments), 4)] = a_arguments[1:4] or f.proname <> 'feed_entry')
                    and a.given[1] is not distinct from a_arguments[1] and a.given @> a_arguments)
    )
    select exists (select from those)
        and (a_event <> 'update'
             or a_used <@ array(select h.c from those cross join lateral unnest(pollster.columns_heeded(those.oid)) h(c)))
$$;

-- Internal: SQL that drops Pollster's own triggers of updates which do this, but do not heed each of these columns: the view
-- was changed after they were created.
create function pollster.drop_of_narrow(a_rel regclass, a_function text, a_arguments text[], a_used text[]) returns text
    language sql stable set search_path = pg_catalog, pg_temp set jit = off
as $$
    select coalesce(string_agg(format(E'drop trigger %I on %s;\n', t.tgname, a_rel), '' order by t.tgname), '')
    from pg_trigger t
    where t.tgrelid = a_rel and not t.tgisinternal and t.tgfoid = to_regprocedure(format('pollster.%I()', a_function))
        and t.tgname like 'pollster\_%' and t.tgtype & 60 = 16 and t.tgenabled in ('O', 'A')
        and pollster.arguments_of(t.oid) = a_arguments and not a_used <@ pollster.columns_heeded(t.oid)
$$;

-- As in 0025; nobody can put the functions on tables of their own.
create or replace function pollster.wall_of_posts_ddl(a_schema text) returns text
    language plpgsql volatile set search_path = pg_catalog, pg_temp set jit = off
as $ddl$
declare
    o record;
    home text;
begin
    select p.rel, g.col, g.other, g.other_col, g.other_key into o
        from pollster.origins_of(to_regclass(format('%I.posts', a_schema)), 'wall_id') p
        join pollster.origins_of(to_regclass(format('%I.posts', a_schema)), 'wall_id') g on g.rel = p.rel and g.names = 'group'
        where p.names = 'id' and p.exact limit 1;
    if o.other is null or exists (select from pg_attribute a where a.attrelid = o.rel and a.attname = 'pollster_wall'
                                  and not a.attisdropped) then
        return null;
    end if;
    select n.nspname into home from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = o.rel;
    return format(
        E'alter table %1$s add column pollster_wall bigint;\n'
        'update %1$s p set pollster_wall = (select t.%5$I from %3$s t where t.%4$I = p.%2$I);\n'
        'create function %6$I.pollster_wall_of_post() returns trigger\n'
        '    language plpgsql security definer set search_path = pg_catalog, pg_temp\nas $$\nbegin\n'
        '    new.pollster_wall := (select t.%5$I from %3$s t where t.%4$I = new.%2$I);\n    return new;\nend $$;\n'
        'revoke execute on function %6$I.pollster_wall_of_post() from public;\n'
        'create trigger pollster_wall_of_post before insert or update of %2$I on %1$s\n'
        '    for each row execute function %6$I.pollster_wall_of_post();\n'
        'create function %6$I.pollster_wall_moved() returns trigger\n'
        '    language plpgsql security definer set search_path = pg_catalog, pg_temp\nas $$\nbegin\n'
        '    if coalesce(pg_partition_root(tg_relid), tg_relid) <> %7$L::regclass then\n'
        '        raise exception ''this function is for %% only'', %7$L;\n    end if;\n'
        '    update %1$s set pollster_wall = new.%5$I where %2$I = new.%4$I;\n    return null;\nend $$;\n'
        'revoke execute on function %6$I.pollster_wall_moved() from public;\n'
        'create trigger pollster_wall_moved after update of %5$I on %3$s\n'
        '    for each row execute function %6$I.pollster_wall_moved();\n',
        o.rel, o.col, o.other, o.other_col, o.other_key, home, o.other::text);
end $ddl$;

-- What whoever is no owner could do by Pollster's rights, and what the owner could not: functions with the rights of their
-- owner that anybody may put on a table or view of their own, and views of another owner, which the functions that write
-- posts and sessions then cannot read.
create function pollster.adoption_owners(a_schema text default 'pollster')
    returns table (place integer, word text, what text, remedy text, sql text)
    language plpgsql stable set search_path = pg_catalog, pg_temp set jit = off
as $$
declare
    a record;
begin
    if a_schema <> 'pollster' then
        return; -- a draft says itself who owns what, and who may call it
    end if;
    place := 1;
    word := 'owner';
    for a in
        select c.oid::regclass as view, c.relowner::regrole::text as owner, n.nspowner::regrole::text as wanted
        from pg_namespace n join pg_class c on c.relnamespace = n.oid
            and c.relname in ('users', 'walls', 'memberships', 'sessions', 'posts', 'open_walls')
        where n.nspname = 'pollster' and not pg_has_role(n.nspowner, c.relowner, 'usage') order by 1
    loop
        what := format('the view %s belongs to %s, so what writes and reads through it with the rights of %s is refused', a.view,
                       a.owner, a.wanted);
        remedy := 'give it to the role that owns the schema';
        sql := format(E'alter view %s owner to %s;\n', a.view, a.wanted);
        return next;
    end loop;
    word := 'function';
    for a in
        select p.oid::regprocedure as called, p.proowner::regrole::text as owner
        from pg_proc p
        where p.prosecdef and p.prorettype = 'trigger'::regtype and has_function_privilege('public', p.oid, 'execute')
            and (p.pronamespace in ('pollster'::regnamespace, 'pollster_default'::regnamespace)
                 or p.proname in ('pollster_session_written', 'pollster_numbers', 'pollster_wall_of_post', 'pollster_wall_moved')
                 or exists (select from pg_trigger t join pg_class c on c.oid = t.tgrelid
                            where t.tgfoid = p.oid and c.relnamespace = 'pollster'::regnamespace))
        order by p.oid::regprocedure::text
    loop
        what := format('%s writes with the rights of %s, and anybody may put it on a view of their own: sessions, posts or walls '
                       'that they have no right to', a.called, a.owner);
        remedy := 'close it; triggers that are there go on';
        sql := format(E'revoke execute on function %s from public;\n', a.called);
        return next;
    end loop;
    for a in -- as drafts wrote it up to migration 41
        select p.oid::regprocedure as called, p.prosrc from pg_trigger t join pg_proc p on p.oid = t.tgfoid
        where t.tgrelid = 'pollster.sessions'::regclass and p.proname = 'pollster_session_written'
            and p.prosrc ~ '= encode\(old\.token_hash, ''hex''\)'
    loop
        what := format('%s does not find a digest with capital letters: who signs out is told so, and the session lives on', a.called);
        remedy := 'compare what the view shows with old.token_hash, and return null where no row went';
        sql := (select substring(d.ddl from 'create or replace function .*?\nend \$\$;\n') from pollster.tables_guessed() g
                cross join lateral pollster.draft_of_sessions(g.tokens, g.users) d
                where strpos(a.prosrc, format('delete from %s t where', g.tokens)) > 0);
        return next;
    end loop;
end $$;

-- As in 0027, with the owners, open walls, sessions and the rights to serve.
create or replace function pollster.adoption(a_schema text default 'pollster')
    returns table (place integer, word text, what text, remedy text, sql text)
    language plpgsql volatile set search_path = pg_catalog, pg_temp set jit = off
as $$
begin
    return query select * from pollster.adoption_owners(a_schema);
    return query select * from pollster.adoption_tables(a_schema);
    return query select * from pollster.adoption_indexes(a_schema);
    return query select * from pollster.adoption_views(a_schema);
    return query select * from pollster.adoption_of_open_walls(a_schema);
    return query select * from pollster.adoption_of_rows(a_schema);
    return query select * from pollster.adoption_triggers(a_schema);
    if a_schema = 'pollster' then
        place := 6;
        word := 'sessions';
        for what in select format('%s has the people, and its rows are the sessions, too: whoever signs out is deleted', p.people)
                    from pollster.people_as_sessions() p(people) where p.people is not null loop
            remedy := 'a trigger instead of delete on pollster.sessions, which takes the token out of the row';
            return next;
        end loop;
        return query select * from pollster.adoption_of_rights();
        return query select * from pollster.adoption_trial();
    end if;
end $$;

-- The trigger functions, too, run with the rights of their owner, and whoever may call one may put it on a temporary table
-- and have it write (entries, deletions of walls) what its arguments say. A trigger that is there asks for no right. Who
-- owns a table with such a trigger may make it again, as a migration of the application does.
do $$
declare
    f record;
    owner text;
begin
    for f in select p.oid, p.oid::regprocedure as called from pg_proc p
             where p.pronamespace in ('pollster'::regnamespace, 'pollster_default'::regnamespace) and p.prorettype = 'trigger'::regtype
    loop
        execute format('revoke execute on function %s from public', f.called);
        for owner in
            select distinct c.relowner::regrole::text from pg_trigger t join pg_class c on c.oid = t.tgrelid
            where t.tgfoid = f.oid and not t.tgisinternal and not has_function_privilege(c.relowner, f.oid, 'execute')
        loop
            execute format('grant execute on function %s to %s', f.called, owner);
        end loop;
    end loop;
end $$;

revoke execute on function pollster.operands, pollster.columns_heeded, pollster.drop_of_narrow, pollster.adoption_owners from public;
