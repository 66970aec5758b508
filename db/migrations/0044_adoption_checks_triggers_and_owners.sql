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

-- As in 0036; what a wall is called, of which kind it is, or a password counts where the view chooses by it, too.
create or replace function pollster.triggers_wanted(a_schema text default 'pollster')
    returns table (rel regclass, function text, arguments text[], inserts boolean, used text[])
    language plpgsql volatile set search_path = pg_catalog, pg_temp set jit = off
as $$
begin
    return query
    with views(view, v, key, wall, as_it_is) as materialized (
        select x.view, to_regclass(format('%I.%I', a_schema, x.view)), x.key, x.wall,
               pollster.shows_rows_alone(to_regclass(format('%I.%I', a_schema, x.view)))
        from (values ('users', 'id', null), ('memberships', 'user_id', 'wall_id'), ('sessions', 'user_id', null),
                     ('walls', null, 'id')) x(view, key, wall)
    ), origins as materialized (
        select v.view, v.key, v.wall, o.* from views v cross join lateral pollster.origins_of(v.v, v.key) o
    ), tables as materialized (
        select v.view, b.rel, b.columns, c.relkind from views v cross join lateral pollster.behind(v.v) b
        join pg_class c on c.oid = b.rel
    ), places as ( -- of a table in a view
        select o.view, o.branch, o.alias, o.rel,
               min(o.col) filter (where o.names = o.key and o.exact) as by_user,
               min(o.col) filter (where o.names = o.wall and o.exact) as by_wall,
               min(array[o.col, o.other::text, o.other_col, o.other_key]) filter (where o.names = 'group') as by_group,
               coalesce(array_agg(distinct o.col) filter (where o.view = 'users' and o.names = 'name'), '{}') as of_name
        from origins o group by 1, 2, 3, 4
    ), kinds as (
        select p.view, p.rel,
               case when p.by_user is not null then 'access_changed' when p.by_wall is not null then 'access_changed_of_wall'
                    when p.by_group is not null then 'access_changed_of_group' else 'access_changed_of_all' end as function,
               case when p.by_user is not null then array[p.by_user] when p.by_wall is not null then array[p.by_wall]
                    when p.by_group is not null then p.by_group else '{}' end as arguments,
               case when p.by_user is not null then p.of_name else '{}' end as name_columns
        from places p
        union all
        select p.view, p.rel, 'everything_changed', '{}', '{}' from places p where p.by_user is null and p.of_name <> '{}'
        union all -- behind a function, or left out of the plan
        select t.view, t.rel, 'access_changed_of_all', '{}', '{}' from tables t
        where not exists (select from places p where p.view = t.view and p.rel = t.rel)
            and not exists (select from pg_inherits i where i.inhrelid = t.rel)
    ), chosen as ( -- columns that a view compares
        select v.view, pollster.ident(r.m[2]) as col
        from views v
        cross join lateral jsonb_path_query(pollster.plan_of(format('select * from %s', v.v)), 'strict $.** ? (exists(@."Node Type"))') n
        cross join lateral unnest(array[n ->> 'Filter', n ->> 'Join Filter', n ->> 'Hash Cond', n ->> 'Merge Cond']) c(condition)
        cross join lateral regexp_matches(pollster.without_literals(c.condition),
                                          '("(?:[^"]|"")+"|[a-z_][a-z0-9_$]*)\.("(?:[^"]|"")+"|[a-z_][a-z0-9_$]*)', 'g') r(m)
    ), shown as ( -- a wall's name and kind and a user's password concern nobody's access
        select o.view, o.rel, o.col, o.names in ('kind', 'password_hash') or o.view = 'walls' and o.names = 'name' as is_only_shown
        from origins o where o.col is not null and o.names is not null
    ), columns as (
        select t.rel, array(select distinct unnest(t.columns) except
                            select s.col from shown s where s.view = t.view and s.rel = t.rel
                                and not exists (select from chosen c where c.view = t.view and c.col = s.col)
                            group by s.col having bool_and(s.is_only_shown)) as used
        from tables t
    ), all_used as (
        select c.rel, array(select distinct u.c from columns x cross join lateral unnest(x.used) u(c) where x.rel = c.rel
                            order by 1) as used
        from columns c group by c.rel
    ), merged as (
        select k.rel, k.function, k.arguments,
               array(select distinct n.c from kinds x cross join lateral unnest(x.name_columns) n(c)
                     where x.rel = k.rel and x.function = k.function and x.arguments = k.arguments order by 1) as name_columns,
               -- Who signs in, who comes, and a wall that is made take nothing from anybody; a row that is joined may.
               bool_or(k.view = 'memberships' or not (select v.as_it_is from views v where v.view = k.view) or not exists (
                   select from origins o where o.view = k.view and o.rel = k.rel and o.exact and o.col is not null
                       and o.names = case k.view when 'sessions' then 'token_hash' else 'id' end)) as inserts
        from kinds k group by k.rel, k.function, k.arguments
    )
    select m.rel, m.function, m.arguments || m.name_columns, m.inserts, u.used
    from merged m join all_used u on u.rel = m.rel
    join pg_class c on c.oid = m.rel and c.relkind in ('r', 'p')
    where m.function in ('access_changed_of_all', 'everything_changed') or m.name_columns <> '{}'
        or not exists (select from merged o where o.rel = m.rel and o.function = 'access_changed_of_all')
    order by 1, 2, 3;
end $$;

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

-- As in 0037; triggers of Pollster's own that do not heed what the view depends on now are replaced.
create or replace function pollster.adoption_triggers(a_schema text default 'pollster')
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
    link record;
    home record;
    printed text[] := '{}'; -- tables and functions
    nth integer;
    read_of_it text[];
    narrow text;
    way text[];
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
        if not format('%s truncate', wanted.rel) = any (printed)
                and not pollster.has_trigger(wanted.rel, access_functions || array['everything_changed', 'posts_truncated'], '{}',
                                             'truncate', '{}', false) then
            printed := printed || format('%s truncate', wanted.rel);
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
            narrow := case when 'update' = any (lacking)
                           then pollster.drop_of_narrow(wanted.rel, wanted.function, wanted.arguments, wanted.used) else '' end;
            remedy := remedy || case when narrow = '' then '' else ', in place of the one that does not heed each of '
                                                                   || array_to_string(wanted.used, ', ') end;
            sql := pollster.trigger_ddl(wanted.rel, wanted.function, wanted.arguments, lacking, wanted.used);
            printed := printed || format('%s %s', wanted.rel, wanted.function);
            nth := cardinality(array_positions(printed, format('%s %s', wanted.rel, wanted.function)));
            if nth > 1 then -- a row that names two users, in triggers of two names
                sql := regexp_replace(sql, '(trigger pollster_\S+) after', '\1_and_' || nth || ' after', 'g');
            end if;
            sql := narrow || sql;
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
    -- Marks by which the view does not choose any more. What it chooses by may be said by marks that are not known here.
    way := case when feed.unmarked <> '{}' or feed.others <> '{}' then '{}' else array(
        select distinct m from pg_trigger t cross join lateral unnest((pollster.arguments_of(t.oid))[5:]) m
        where t.tgrelid = feed.rel and t.tgfoid = 'pollster.feed_entry()'::regprocedure and t.tgenabled in ('O', 'A')
            and left(m, 1) <> '+' and pollster.column_of_mark(m) <> all (
                array(select pollster.column_of_mark(a) from unnest(feed.arguments[5:]) a)) order by 1) end;
    if lacking <> '{}' or way <> '{}' then
        place := 4;
        what := case when lacking <> '{}' then
            format('%s: no trigger makes entries of %s (pollster.feed_entry with %s), so they reach no client',
                   feed.rel, array_to_string(lacking, ', '), array_to_string(feed.arguments, ', '))
            else format('%s: a trigger takes posts for deleted (pollster.feed_entry with %s) that the view shows', feed.rel,
                        array_to_string(way, ', ')) end;
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
            and not pollster.has_trigger(feed.rel, '{post_refreshed}', feed.arguments[2:2], 'update', feed.refreshing, true)
            and not pollster.has_trigger(feed.rel, '{everything_changed}', '{}', 'update', feed.refreshing, false) then
        what := format('%s: no trigger tells servers of an update of %s (pollster.post_refreshed), which entries show',
                       feed.rel, array_to_string(feed.refreshing, ', '));
        remedy := 'create the trigger';
        sql := pollster.drop_of_narrow(feed.rel, 'post_refreshed', feed.arguments[2:2], feed.refreshing)
               || pollster.trigger_ddl(feed.rel, 'post_refreshed', feed.arguments[2:2], '{update}', feed.refreshing);
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
        read_of_it := (select b.columns from pollster.behind(to_regclass(format('%I.posts', a_schema))) b where b.rel = other);
        select l.* into link from pollster.link_to_posts(a_schema, other, feed.rel) l;
        lacking := array(select e from unnest(array['insert', 'delete', 'update']) with ordinality x(e, n)
                         where not case when link.own is null
                             then pollster.has_trigger(other, '{everything_changed}', '{}', e, read_of_it, false)
                             else pollster.has_trigger(other, '{posts_shown_by}',
                                                       array[link.own, link.theirs, feed.arguments[1], feed.arguments[2]],
                                                       e, read_of_it, true) end
                         order by n);
        if link.own is null then
            word := 'hidden';
            what := format('the view of posts depends on %s, whose rows no column of %s points to: a post that begins or ceases '
                           'to be shown by it makes no entry', other, feed.rel);
            remedy := 'after such a change: `pollster repair`';
            sql := null;
            return next;
            word := 'trigger';
        end if;
        if lacking <> '{}' then
            what := format('%s: the view of posts depends on it, and no trigger tells of %s (pollster.%s), so clients keep what '
                           'is not shown any more', other, array_to_string(lacking, ', '),
                           case when link.own is null then 'everything_changed' else 'posts_shown_by' end);
            remedy := 'create the trigger';
            way := case when link.own is not null
                        then array[link.own, feed.rel::text, link.theirs, feed.arguments[1], feed.arguments[2]] else '{}' end;
            sql := case when link.own is null or exists (
                            select from pg_index i where i.indrelid = feed.rel and i.indisvalid
                                and pg_get_indexdef(i.indexrelid, 1, true) = quote_ident(link.theirs)) then ''
                        else format(E'create index on %s (%I);\n', feed.rel, link.theirs) end
                || case when 'update' = any (lacking) then pollster.drop_of_narrow(other,
                        case when link.own is null then 'everything_changed' else 'posts_shown_by' end, way, read_of_it)
                        else '' end
                || pollster.trigger_ddl(other, case when link.own is null then 'everything_changed' else 'posts_shown_by' end,
                                        way, lacking, read_of_it);
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

-- As in 0027; the rights are those of the role that owns the contract's views, whoever asks, and a view that is written by a
-- trigger fills what that fills.
create or replace function pollster.adoption_tables(a_schema text default 'pollster')
    returns table (place integer, word text, what text, remedy text, sql text)
    language plpgsql volatile set search_path = pg_catalog, pg_temp set jit = off
as $$
declare
    t record;
    reader constant name := (select r.rolname from pg_class c join pg_roles r on r.oid = c.relowner
                             where c.oid = 'pollster.posts'::regclass);
begin
    place := 1;
    for t in
        with behind as (
            select v.name, b.rel from unnest('{users,walls,memberships,sessions,posts}'::text[]) v(name)
            cross join lateral pollster.behind(to_regclass(format('%I.%I', a_schema, v.name))) b where b.rel is not null
        ), written as (
            select distinct 'posts' as name, o.rel from pollster.origins_of(to_regclass(format('%I.posts', a_schema)), 'id') o
                where o.names = 'id' and o.exact
            union select distinct 'sessions', o.rel
                from pollster.origins_of(to_regclass(format('%I.sessions', a_schema)), 'user_id') o
                where o.names = 'token_hash' and o.exact
        )
        select distinct b.rel, r.right_to, c.relowner::regrole::text as owner, n.nspname
        from behind b join pg_class c on c.oid = b.rel join pg_namespace n on n.oid = c.relnamespace
        cross join lateral (
            select 'select' as right_to
            union all select 'trigger' where c.relkind in ('r', 'p')
            union all select unnest('{insert,update,delete}'::text[])
                where b.rel in (select w.rel from written w where w.name = 'posts')
            union all select unnest('{insert,delete}'::text[])
                where b.rel in (select w.rel from written w where w.name = 'sessions')) r
        where not has_table_privilege(reader, b.rel, r.right_to) or not has_schema_privilege(reader, c.relnamespace, 'usage')
        order by 1, 2
    loop
        word := 'grant';
        what := format('the role %s, which owns the views, has no right to %s on %s, which belongs to %s', quote_ident(reader),
                       t.right_to, t.rel, t.owner);
        remedy := format('as %s', t.owner);
        sql := format(E'grant usage on schema %I to %I;\ngrant %s on %s to %I;\n', t.nspname, reader, t.right_to, t.rel, reader);
        return next;
    end loop;
    for t in
        select distinct o.rel, s.oid::regclass as sequence
        from unnest('{posts,sessions}'::text[]) v(name)
        cross join lateral pollster.origins_of(to_regclass(format('%I.%I', a_schema, v.name)), 'user_id') o
        join pg_attrdef d on d.adrelid = o.rel
        join pg_depend x on x.classid = 'pg_attrdef'::regclass and x.objid = d.oid and x.refclassid = 'pg_class'::regclass
        join pg_class s on s.oid = x.refobjid and s.relkind = 'S'
        where o.names in ('id', 'token_hash') and o.exact
            and case when s.relkind = 'S' then not has_sequence_privilege(reader, s.oid, 'usage') end
    loop
        word := 'grant';
        what := format('the role %s may not draw numbers for %s', quote_ident(reader), t.rel);
        remedy := 'as the owner of the table';
        sql := format(E'grant usage on sequence %s to %I;\n', t.sequence, reader);
        return next;
    end loop;
    for t in
        select distinct v.name, o.rel, c.relowner::regrole::text as owner
        from unnest('{users,walls,memberships,sessions,posts}'::text[]) v(name)
        cross join lateral pollster.behind(to_regclass(format('%I.%I', a_schema, v.name))) o join pg_class c on c.oid = o.rel
        where c.relrowsecurity and not (select r.rolsuper or r.rolbypassrls from pg_roles r where r.rolname = reader)
            and (c.relforcerowsecurity or not pg_has_role(reader, c.relowner, 'usage'))
    loop
        word := 'row-security';
        what := format('row security hides rows of %s from the role %s: their users, walls or posts do not exist here',
                       t.rel, quote_ident(reader));
        remedy := 'a policy for that role, or a role that bypasses them';
        sql := format(E'create policy pollster on %s to %I using (true) with check (true);\n', t.rel, reader);
        return next;
    end loop;
    for t in
        select distinct v.name, o.rel, a.attname, format_type(a.atttypid, null) as type, y.typcategory as category, y.typname,
               exists (select from pg_constraint k where k.conrelid = o.rel and k.contype = 'f' and a.attnum = any (k.conkey)) as points,
               exists (select from pg_index i where i.indrelid = o.rel and i.indisunique and a.attnum = any (i.indkey)) as is_key,
               exists (select from pg_index i where i.indrelid = o.rel and i.indisunique
                       and a.attnum = i.indkey[i.indnkeyatts - 1]) as ends_key, n.nspname, c.relname
        from (values ('posts', 'id', '{wall_id,user_id,body}'::text[]),
                     ('sessions', 'token_hash', '{token_hash,user_id,created_at,expires_at}')) v(name, key, filled)
        cross join lateral pollster.origins_of(to_regclass(format('%I.%I', a_schema, v.name)), 'user_id') o
        join pg_class c on c.oid = o.rel join pg_namespace n on n.oid = c.relnamespace
        join pg_attribute a on a.attrelid = o.rel and a.attnum > 0 and not a.attisdropped and a.attnotnull
        join pg_type y on y.oid = a.atttypid
        where o.names = v.key and o.exact and not a.atthasdef and a.attidentity = '' and a.attgenerated = ''
            and y.typtype <> 'd'
            and not exists (select from pollster.origins_of(to_regclass(format('%I.%I', a_schema, v.name)), 'user_id') f
                            where f.rel = o.rel and f.col = a.attname and f.exact
                                and (f.names = any (v.filled) or f.names = 'group')) -- the row that it points to
            and not exists (select from pg_trigger g where g.tgrelid = to_regclass(format('%I.%I', a_schema, v.name))
                            and not g.tgisinternal and g.tgtype & 68 = 68) -- instead of insert, which is tried
            and not exists (select from pg_trigger g where g.tgrelid = o.rel and g.tgtype & 7 = 7 and not g.tgisinternal
                            and (g.tgname <> 'pollster_numbers' or a.attnum = any (g.tgattr)))
    loop
        word := 'not-null';
        what := format('%s.%I is not null and has no default: what Pollster writes there is refused', t.rel, t.attname);
        sql := case when t.points then null when t.typname = 'timestamp' then '(now() at time zone ''UTC'')'
                    when t.category = 'D' then 'now()'
                    when t.category = 'B' then 'false' when t.category = 'N' then '0'
                    when t.typname = 'uuid' then 'gen_random_uuid()'
                    when t.category = 'S' and t.is_key then 'gen_random_uuid()::text' when t.typname in ('json', 'jsonb') then '''{}'''
                    when t.category = 'A' then '''{}''' when t.category = 'S' then '''''' end;
        if t.ends_key and not t.points and t.category = 'N' then -- one value for all of them would do once
            sql := format('%I.%I', t.nspname, left(t.relname, 30) || '_' || left(t.attname, 20) || '_seq');
            remedy := 'give it numbers of a sequence, if the application does not mind; this is a guess';
            sql := format(E'create sequence %1$s;\nselect setval(%1$L, coalesce(max(%2$I)::bigint, 0) + 1, false) from %3$s;\n'
                          'grant usage on sequence %1$s to %4$I;\nalter table %3$s alter %2$I set default nextval(%1$L);\n',
                          sql, t.attname, t.rel, reader);
            return next;
            continue;
        end if;
        remedy := case when t.points then 'it points to another table: a default that exists there, or a trigger before insert '
                                           'that fills it'
                       when sql is null then 'give it a default'
                       when t.category in ('B', 'N', 'S', 'A') or t.typname like 'json%'
                           then 'give it the value that the application writes; this is a guess'
                       else 'give it a default' end;
        if sql is not null then
            sql := format(E'alter table %s alter %I set default %s;\n', t.rel, t.attname, sql);
        end if;
        return next;
    end loop;
end $$;

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

-- As in 0027, with the owners.
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
