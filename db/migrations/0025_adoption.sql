-- What an adopted database lacks, as findings with the SQL that helps: `pollster adopt --check`. Nothing here changes
-- anything; adoption_trial() writes and takes it back.

-- Internal: triggers for what one function is told: of inserts and deletions, and of updates that change one of these
-- columns, whoever changed them (a `before` trigger, too, which `update of` does not see).
create function pollster.trigger_ddl(a_rel regclass, a_function text, a_arguments text[], a_events text[], a_used text[])
    returns text
    language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
    calls constant text := format('execute function pollster.%s(%s);', a_function, array_to_string(array(
        select quote_literal(a) from unnest(a_arguments) with ordinality x(a, n) order by n), ', '));
    deferred constant text := 'deferrable initially deferred for each row';
    rows constant text := array_to_string(array(select e from unnest(a_events) e where e in ('insert', 'delete')), ' or ');
    changed text;
    name text;
    result text := '';
begin
    if rows <> '' then
        name := pollster.new_trigger_name(a_rel, a_function);
        result := format(E'create constraint trigger %I after %s on %s\n    %s\n    %s\n', name, rows, a_rel, deferred, calls);
    end if;
    if 'update' = any (a_events) and cardinality(a_used) > 0 then
        select string_agg(format(case when t.typname in ('json', 'xml', 'point', 'polygon', 'box', 'path', 'line', 'lseg', 'circle')
                                      then 'old.%1$I::text is distinct from new.%1$I::text'
                                      else 'old.%1$I is distinct from new.%1$I' end, u.c), E'\n        or ' order by u.n)
            into changed
            from unnest(a_used) with ordinality u(c, n)
            join pg_attribute a on a.attrelid = a_rel and a.attname = u.c join pg_type t on t.oid = a.atttypid;
        name := pollster.new_trigger_name(a_rel, a_function || '_update');
        result := result || format(E'create constraint trigger %I after update on %s\n    %s\n    when (%s)\n    %s\n',
                                   name, a_rel, deferred, changed, calls);
    end if;
    if 'truncate' = any (a_events) then
        name := pollster.new_trigger_name(a_rel, regexp_replace(a_function, '_truncated$', '') || '_truncated');
        result := result || format(E'create trigger %I after truncate on %s for each statement execute function pollster.%s();\n',
                                   name, a_rel, a_function);
    end if;
    return result;
end $$;

-- Internal: pollster_..., and not one that is there.
create function pollster.new_trigger_name(a_rel regclass, a_name text) returns text
    language sql stable set search_path = pg_catalog, pg_temp set jit = off
as $$
    select 'pollster_' || a_name || case when n = 1 then '' else '_' || n end
    from generate_series(1, 100) n
    where not exists (select from pg_trigger t where t.tgrelid = a_rel
                      and t.tgname = ('pollster_' || a_name || case when n = 1 then '' else '_' || n end)::name)
    order by n limit 1
$$;

-- Internal: for posts whose wall is told by a row that they point to (a topic of a forum): a column for it, which
-- follows both.
create function pollster.wall_of_posts_ddl(a_schema text) returns text
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
        'create trigger pollster_wall_of_post before insert or update of %2$I on %1$s\n'
        '    for each row execute function %6$I.pollster_wall_of_post();\n'
        'create function %6$I.pollster_wall_moved() returns trigger\n'
        '    language plpgsql security definer set search_path = pg_catalog, pg_temp\nas $$\nbegin\n'
        '    update %1$s set pollster_wall = new.%5$I where %2$I = new.%4$I;\n    return null;\nend $$;\n'
        'create trigger pollster_wall_moved after update of %5$I on %3$s\n'
        '    for each row execute function %6$I.pollster_wall_moved();\n',
        o.rel, o.col, o.other, o.other_col, o.other_key, home);
end $ddl$;

-- The triggers that are missing. `place` orders the findings, and `sql` as it is to be run.
create function pollster.adoption_triggers(a_schema text default 'pollster')
    returns table (place integer, word text, what text, remedy text, sql text)
    language plpgsql volatile set search_path = pg_catalog, pg_temp set jit = off
as $$
declare
    access_functions constant text[] :=
        '{access_changed,access_changed_of_wall,access_changed_of_group,access_changed_of_all}';
    wanted record;
    feed record;
    lacking text[];
    accepted text[];
    old_one record;
    other regclass;
    home record;
begin
    place := 5;
    word := 'trigger';
    for wanted in select w.* from pollster.triggers_wanted(a_schema) w loop
        -- Everybody is told by a trigger that tells of all, whatever it was created for; and where nothing better is
        -- known, somebody who has created another one knew more.
        accepted := case when wanted.function = 'access_changed_of_all' then access_functions
                         when wanted.function = 'everything_changed' or cardinality(wanted.arguments) > 1
                              and wanted.function = 'access_changed' then array[wanted.function]
                         else array[wanted.function, 'access_changed_of_all'] end;
        lacking := array(
            select e from unnest(array['insert', 'delete', 'update']) with ordinality x(e, n)
            where (e <> 'insert' or wanted.inserts)
                -- A wall's own row: its deletion is told by wall_removed, and its id does not change.
                and (wanted.inserts or wanted.function <> 'access_changed_of_wall'
                     or e = 'update' and wanted.used <> wanted.arguments)
                and not pollster.has_trigger(wanted.rel, array[wanted.function], wanted.arguments, e, wanted.used,
                                             wanted.function not in ('access_changed_of_all', 'access_changed_of_group'))
                and not pollster.has_trigger(wanted.rel, array_remove(accepted, wanted.function), '{}', e, wanted.used, false)
            order by n);
        if not pollster.has_trigger(wanted.rel, access_functions || array['everything_changed', 'posts_truncated'], '{}',
                                    'truncate', '{}', false) then
            lacking := lacking || 'truncate'::text;
        end if;
        if lacking <> '{}' then
            what := format('%s: no trigger tells servers of %s (pollster.%s), so %s', wanted.rel,
                           array_to_string(lacking, ', '), wanted.function,
                           case when wanted.function = 'everything_changed' then 'the names that entries show grow old'
                                else 'who loses access through it reads on' end);
            remedy := case wanted.function
                when 'access_changed_of_all' then 'what its rows name is not known, so everybody is asked for again at each '
                    'change; if each row concerns the users of one group, pollster.access_changed_of_group is cheaper '
                    '(docs/ADOPT.md)' else 'create the trigger' end;
            sql := pollster.trigger_ddl(wanted.rel, wanted.function, wanted.arguments, lacking, wanted.used);
            return next;
        end if;
    end loop;
    place := 6;

    select f.* into feed from pollster.feed_trigger_wanted(a_schema) f;
    if feed.why_not is not null then
        place := 3;
        word := 'feed';
        what := feed.why_not;
        remedy := 'the table of posts needs columns for the id, the wall, the author and the text of a post (docs/ADOPT.md)';
        sql := pollster.wall_of_posts_ddl(a_schema);
        if sql is not null then
            remedy := 'give it one, pollster_wall, and show that in the view';
        end if;
        return next;
        return;
    end if;
    lacking := array(select e from unnest(array['insert', 'delete', 'update']) with ordinality x(e, n)
                     where not pollster.has_trigger(feed.rel, '{feed_entry}', feed.arguments, e, feed.used, true) order by n);
    if lacking <> '{}' then
        place := 4;
        what := format('%s: no trigger makes entries of %s (pollster.feed_entry with %s), so they reach no client',
                       feed.rel, array_to_string(lacking, ', '), array_to_string(feed.arguments, ', '));
        remedy := 'create the trigger, in place of others of this function';
        sql := '';
        for old_one in select t.tgname from pg_trigger t where t.tgrelid = feed.rel and not t.tgisinternal
                           and t.tgfoid = 'pollster.feed_entry()'::regprocedure loop
            sql := sql || format(E'drop trigger %I on %s;\n', old_one.tgname, feed.rel);
        end loop;
        sql := sql || pollster.trigger_ddl(feed.rel, 'feed_entry', feed.arguments, '{insert,delete,update}', feed.used);
        return next;
    end if;
    place := 6;
    if cardinality(feed.refreshing) > 0
            and not pollster.has_trigger(feed.rel, array['post_refreshed', 'everything_changed'], feed.arguments[2:2], 'update',
                                         feed.refreshing, false) then
        what := format('%s: no trigger tells servers of an update of %s (pollster.post_refreshed), which entries show',
                       feed.rel, array_to_string(feed.refreshing, ', '));
        remedy := 'create the trigger';
        sql := pollster.trigger_ddl(feed.rel, 'post_refreshed', feed.arguments[2:2], '{update}', feed.refreshing);
        return next;
    end if;
    if not pollster.has_trigger(feed.rel, '{posts_truncated}', '{}', 'truncate', '{}', false) then
        what := format('%s: no trigger tells servers of truncate (pollster.posts_truncated)', feed.rel);
        remedy := 'create the trigger';
        sql := pollster.trigger_ddl(feed.rel, 'posts_truncated', '{}', '{truncate}', '{}');
        return next;
    end if;
    foreach other in array feed.others loop
        continue when not exists (select from pg_class c where c.oid = other and c.relkind in ('r', 'p'));
        lacking := array(select e from unnest(array['delete', 'update']) e
                         where not pollster.has_trigger(other, '{everything_changed}', '{}', e,
                             (select b.columns from pollster.behind(to_regclass(format('%I.posts', a_schema))) b where b.rel = other),
                             false));
        if lacking <> '{}' then
            what := format('%s: the view of posts depends on it, and no trigger tells servers of its changes '
                           '(pollster.everything_changed)', other);
            remedy := 'create the trigger; cheaper, if the application knows the walls: select pollster.refresh_wall(wall)';
            sql := pollster.trigger_ddl(other, 'everything_changed', '{}', lacking,
                (select b.columns from pollster.behind(to_regclass(format('%I.posts', a_schema))) b where b.rel = other));
            return next;
        end if;
    end loop;
    if feed.unmarked <> '{}' then
        word := 'hidden';
        what := format('the view of posts chooses by %s, which no argument of feed_entry describes: a post that begins or '
                       'ceases to be shown by it makes no entry', array_to_string(feed.unmarked, ' and '));
        remedy := 'choose by columns that are null, true, 0 or one value; or call pollster.refresh_wall(wall, true) and '
                  '`pollster repair` after such a change';
        sql := null;
        return next;
        word := 'trigger';
    end if;

    for home in select o.rel, min(o.col) as col from pollster.origins_of(to_regclass(format('%I.walls', a_schema)), 'id') o
                where o.names = 'id' and o.exact group by o.rel loop
        if not pollster.has_trigger(home.rel, '{wall_removed}', array[home.col], 'delete', '{}', true) then
            what := format('%s: no trigger removes the feed of a wall that is deleted (pollster.wall_removed)', home.rel);
            remedy := 'create the trigger';
            sql := format(E'create trigger %I after delete on %s for each row execute function pollster.wall_removed(%L);\n',
                          pollster.new_trigger_name(home.rel, 'wall_removed'), home.rel, home.col);
            return next;
        end if;
    end loop;
end $$;

-- What no trigger can see, and what the views cannot be.
create function pollster.adoption_views(a_schema text default 'pollster')
    returns table (place integer, word text, what text, remedy text, sql text)
    language plpgsql volatile set search_path = pg_catalog, pg_temp set jit = off
as $$
declare
    a record;
begin
    place := 3;
    for a in select distinct v.name, b.rel, c.relkind
             from unnest('{users,walls,memberships,sessions,posts}'::text[]) v(name)
             cross join lateral pollster.behind(to_regclass(format('%I.%I', a_schema, v.name))) b
             join pg_class c on c.oid = b.rel where c.relkind in ('f', 'm') order by 1, 2 loop
        word := 'blind';
        what := format('%s, behind the view %s, is a %s, whose changes no trigger sees', a.rel, a.name,
                       case a.relkind when 'f' then 'foreign table' else 'materialized view' end);
        remedy := 'after each of them: ' || case when a.name = 'posts' then '`pollster repair`'
                                                  else 'select pollster.refresh_access()' end;
        return next;
    end loop;
    for a in select v.name, string_agg(b.opaque::text, ', ') as functions
             from unnest('{users,walls,memberships,sessions,posts}'::text[]) v(name)
             cross join lateral pollster.behind(to_regclass(format('%I.%I', a_schema, v.name))) b
             where b.opaque is not null group by v.name order by 1 loop
        word := 'blind';
        what := format('the view %s calls %s, and what that reads is not known here', a.name, a.functions);
        remedy := 'give each table that it reads a trigger (docs/ADOPT.md), or write the function with `begin atomic`';
        return next;
    end loop;
    for a in select v.name from unnest('{users,walls,memberships}'::text[]) v(name)
             where pollster.without_literals(pg_get_viewdef(to_regclass(format('%I.%I', a_schema, v.name))))
                   ~* '\m(now\(|current_timestamp|current_date|localtimestamp|clock_timestamp\()' loop
        word := 'time';
        what := format('the view %s depends on the time of day: when access ends by it, no row changes and nobody is told', a.name);
        remedy := 'run select pollster.refresh_access() once a minute (cron), or let a job delete what has ended';
        return next;
    end loop;
    for a in select c.conrelid::regclass as rel, c.conname, c.confrelid::regclass as target, v.name
             from unnest('{memberships,sessions,posts}'::text[]) v(name)
             cross join lateral pollster.behind(to_regclass(format('%I.%I', a_schema, v.name))) b
             join pg_constraint c on c.conrelid = b.rel and c.contype = 'f'
             where b.rel in (select p.oid from pg_class p where p.relnamespace = 'pollster_default'::regnamespace)
                 and c.confrelid not in (
                     select x.rel from unnest('{users,walls}'::text[]) y(name)
                     cross join lateral pollster.behind(to_regclass(format('%I.%I', a_schema, y.name))) x where x.rel is not null) loop
        word := 'foreign-key';
        what := format('%s refers to %s, which is not behind the views any more', a.rel, a.target);
        remedy := 'drop the constraint';
        sql := format(E'alter table %s drop constraint %I;\n', a.rel, a.conname);
        return next;
        sql := null;
    end loop;
end $$;

revoke execute on function pollster.wall_of_posts_ddl, pollster.trigger_ddl, pollster.new_trigger_name, pollster.adoption_triggers, pollster.adoption_views
    from public;
