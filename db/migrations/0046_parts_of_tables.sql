-- A table may have parts: partitions, and tables that inherit from it. Triggers for rows come with a partition from the
-- whole, those for `truncate` do not; a table that inherits gets neither. Without them whoever loses access by a
-- part's rows reads on.

-- Internal: a table and all of its parts.
create function pollster.parts_of(a_rel regclass)
    returns table (rel regclass, has_triggers_of_whole boolean, is_foreign boolean)
    language sql stable set search_path = pg_catalog, pg_temp
as $$
    with recursive parts(rel, depth) as (
        select a_rel::oid, 0
        union select i.inhrelid, p.depth + 1 from parts p join pg_inherits i on i.inhparent = p.rel
    )
    select p.rel::regclass, bool_and(p.depth > 0 and c.relispartition), c.relkind = 'f'
    from parts p join pg_class c on c.oid = p.rel group by p.rel, c.relkind order by min(p.depth), p.rel
$$;

-- Internal: may rows of a table decide which rows a view shows of this column? Not if they are only looked up, by a join
-- that leaves nobody out, or shown in another column.
create function pollster.chooses_by(a_view regclass, a_column text, a_rel regclass) returns boolean
    language sql volatile set search_path = pg_catalog, pg_temp set jit = off
as $$
    with nodes as materialized (
        select n from jsonb_path_query(pollster.plan_of(format('select %I from %s', a_column, a_view)),
                                       'strict $.** ? (exists(@."Node Type"))') n
    ), looked_up as (
        select s.alias from nodes
        cross join lateral jsonb_array_elements(n -> 'Plans') c
        cross join lateral pollster.scans_below(c) s
        where (n ->> 'Join Type', c ->> 'Parent Relationship') in (('Left', 'Inner'), ('Right', 'Outer'))
            and not exists (select from nodes f(n) where f.n ? 'Join Type' and strpos(f.n ->> 'Filter', s.alias || '.') > 0)
    )
    select exists (
        select from nodes cross join lateral pollster.scans_below(n) s cross join lateral pollster.parts_of(s.rel) p
        where n ? 'Relation Name' and p.rel = a_rel and s.alias not in (select l.alias from looked_up l))
$$;

-- As in 0036; the nodes above a part of a table call its columns by the whole.
create or replace function pollster.output_of(a_node jsonb) returns jsonb
    language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
    return coalesce(a_node -> 'Output', (
        select case when c ? 'Relation Name' then (
                   select jsonb_agg(replace(o.e, s.alias || '.', s.called || '.') order by o.n)
                   from pollster.scans_below(c) s, jsonb_array_elements_text(c -> 'Output') with ordinality o(e, n))
               else pollster.output_of(c) end
        from jsonb_array_elements(a_node -> 'Plans') with ordinality p(c, n)
        where c ->> 'Parent Relationship' = 'Member' order by p.n limit 1));
end $$;

-- As in 0037; `truncate` begins the feed anew with what is left, as posts_truncated does.
create or replace function pollster.posts_shown_by() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off
    set plan_cache_mode = force_generic_plan
as $$
declare
    posts regclass;
    of_rows text[] := '{}';
    by_type text;
    p record;
    of_walls bigint[] := '{}';
    shown record;
    moved text; -- how it came or went at last
begin
    if tg_op = 'TRUNCATE' then
        truncate pollster.entries, pollster.heads, pollster.read_marks, pollster.client_keys;
        perform pollster.adopt_posts();
        return null;
    end if;
    posts := coalesce(to_regclass(format('%I.%I', tg_table_schema, tg_argv[1])), to_regclass(tg_argv[1]));
    if posts is null then
        raise exception 'pollster.posts_shown_by: there is no table %; name it with its schema', tg_argv[1]
            using errcode = 'undefined_table';
    end if;
    if tg_op <> 'INSERT' then
        of_rows := of_rows || (pollster.row_of(old, tg_argv[0]) ->> tg_argv[0]);
    end if;
    if tg_op <> 'DELETE' then
        of_rows := of_rows || (pollster.row_of(new, tg_argv[0]) ->> tg_argv[0]);
    end if;
    select format_type(a.atttypid, null) into by_type from pg_attribute a
        where a.attrelid = posts and a.attname = tg_argv[2] and not a.attisdropped;
    for p in execute format('select pollster.id_of(t.%1$I) as id, pollster.id_of(t.%2$I) as wall from %3$s t '
                            'where t.%4$I = any ($1::%5$s[]) order by t.%1$I',
                            tg_argv[3], tg_argv[4], posts, tg_argv[2], by_type) using of_rows loop
        continue when p.id is null or p.wall is null;
        if p.wall <> all (of_walls) then
            of_walls := of_walls || p.wall;
            perform pollster.note_wall(p.wall);
        end if;
        select pollster.id_of(v.user_id) as author into shown from pollster.posts v where v.id = p.id and v.wall_id = p.wall limit 1;
        moved := case when found then 'post' else 'delete' end;
        -- What this transaction has collected comes after what is numbered.
        continue when moved = coalesce(
            (select c.kind from pollster.pending c where c.changed_by = pg_current_xact_id() and c.wall_id = p.wall
                 and c.post_id = p.id and c.kind in ('post', 'delete') order by c.id desc limit 1),
            (select m.kind from pollster.last_move(p.wall, p.id) m), 'delete');
        perform pollster.collect(p.wall, p.id, moved, case when moved = 'post' then shown.author else
            (select e.user_id from pollster.newest_entry(p.wall, p.id) e) end);
    end loop;
    return null;
end $$;

-- As in 0036; what a wall is called, of which kind it is, or a password counts where the view chooses by it, too, and so does a
-- part that a view reads by itself.
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
    ), tables as materialized (
        select v.view, b.rel, b.columns, c.relkind from views v cross join lateral pollster.behind(v.v) b
        join pg_class c on c.oid = b.rel
    ), origins as materialized ( -- which call a part by its whole; a view may read the part alone
        select v.view, v.key, v.wall, o.branch, o.alias, coalesce(part.rel, o.rel) as rel, o.col, o.names, o.exact, o.other,
               o.other_col, o.other_key
        from views v cross join lateral pollster.origins_of(v.v, v.key) o
        left join lateral (
            select t.rel from tables t join pollster.parts_of(o.rel) p on p.rel = t.rel
            where t.view = v.view and not exists (select from tables w where w.view = v.view and w.rel = o.rel)) part on true
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
        where not exists (select from places p cross join lateral pollster.parts_of(p.rel) x
                          where p.view = t.view and x.rel = t.rel)
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

-- As in 0037, for each part of a table: triggers of Pollster's own that do not heed what the view depends on now are replaced,
-- and a table that is only looked up hides nothing.
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
    part record;
    link record;
    hides boolean;
    home record;
    printed text[] := '{}'; -- tables and functions
    nth integer;
    read_of_it text[];
    narrow text;
    way text[];
begin
    place := 5;
    word := 'trigger';
    for wanted in select p.rel, p.has_triggers_of_whole, p.is_foreign, w.rel as whole, w.function, w.arguments, w.inserts, w.used
                  from pollster.triggers_wanted(a_schema) w cross join lateral pollster.parts_of(w.rel) p loop
        if wanted.is_foreign then
            continue when format('%s foreign', wanted.rel) = any (printed);
            printed := printed || format('%s foreign', wanted.rel);
            word := 'blind';
            what := format('%s, a part of %s, is a foreign table, whose changes no trigger sees', wanted.rel, wanted.whole);
            remedy := 'after each of them: select pollster.refresh_access()';
            sql := null;
            return next;
            word := 'trigger';
            continue;
        end if;
        -- Everybody is told by a trigger that tells of all, whatever it was created for; and where nothing better is
        -- known, somebody who has created another one knew more.
        accepted := case when wanted.function = 'access_changed_of_all' then access_functions
                         when wanted.function = 'everything_changed' or cardinality(wanted.arguments) > 1
                              and wanted.function = 'access_changed' then array[wanted.function]
                         else array[wanted.function, 'access_changed_of_all'] end;
        lacking := array(
            select e from unnest(array['insert', 'delete', 'update']) with ordinality x(e, n)
            where not wanted.has_triggers_of_whole and (e <> 'insert' or wanted.inserts)
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
    for part in select * from pollster.parts_of(feed.rel) loop
        if part.is_foreign then
            place := 3;
            word := 'blind';
            what := format('%s, a part of %s, is a foreign table, whose changes no trigger sees', part.rel, feed.rel);
            remedy := 'after each of them: `pollster repair`';
            sql := null;
            return next;
            word := 'trigger';
            continue;
        end if;
        lacking := array(select e from unnest(array['insert', 'delete', 'update']) with ordinality x(e, n)
                         where not part.has_triggers_of_whole
                             and not pollster.has_trigger(part.rel, '{feed_entry}', feed.arguments, e, feed.used, true)
                         order by n);
        -- Marks by which the view does not choose any more. What it chooses by may be said by marks that are not known here.
        way := case when feed.unmarked <> '{}' or feed.others <> '{}' or part.has_triggers_of_whole then '{}' else array(
            select distinct m from pg_trigger t cross join lateral unnest((pollster.arguments_of(t.oid))[5:]) m
            where t.tgrelid = part.rel and t.tgfoid = 'pollster.feed_entry()'::regprocedure and t.tgenabled in ('O', 'A')
                and left(m, 1) <> '+' and pollster.column_of_mark(m) <> all (
                    array(select pollster.column_of_mark(a) from unnest(feed.arguments[5:]) a)) order by 1) end;
        if lacking <> '{}' or way <> '{}' then
            place := 4;
            what := case when lacking <> '{}' then
                format('%s: no trigger makes entries of %s (pollster.feed_entry with %s), so they reach no client',
                       part.rel, array_to_string(lacking, ', '), array_to_string(feed.arguments, ', '))
                else format('%s: a trigger takes posts for deleted (pollster.feed_entry with %s) that the view shows', part.rel,
                            array_to_string(way, ', ')) end;
            remedy := 'create the trigger, in place of others of this function';
            sql := '';
            for old_one in select t.tgname from pg_trigger t where t.tgrelid = part.rel and not t.tgisinternal
                               and t.tgfoid = 'pollster.feed_entry()'::regprocedure loop
                sql := sql || format(E'drop trigger %I on %s;\n', old_one.tgname, part.rel);
            end loop;
            sql := sql || pollster.trigger_ddl(part.rel, 'feed_entry', feed.arguments, '{insert,delete,update}', feed.used);
            return next;
        end if;
        place := 6;
        if cardinality(feed.refreshing) > 0 and not part.has_triggers_of_whole
                and not pollster.has_trigger(part.rel, '{post_refreshed}', feed.arguments[2:2], 'update', feed.refreshing, true)
                and not pollster.has_trigger(part.rel, '{everything_changed}', '{}', 'update', feed.refreshing, false) then
            what := format('%s: no trigger tells servers of an update of %s (pollster.post_refreshed), which entries show',
                           part.rel, array_to_string(feed.refreshing, ', '));
            remedy := 'create the trigger';
            sql := pollster.drop_of_narrow(part.rel, 'post_refreshed', feed.arguments[2:2], feed.refreshing)
                   || pollster.trigger_ddl(part.rel, 'post_refreshed', feed.arguments[2:2], '{update}', feed.refreshing);
            return next;
        end if;
        if not pollster.has_trigger(part.rel, '{posts_truncated}', '{}', 'truncate', '{}', false) then
            what := format('%s: no trigger tells servers of truncate (pollster.posts_truncated)', part.rel);
            remedy := 'create the trigger';
            sql := pollster.trigger_ddl(part.rel, 'posts_truncated', '{}', '{truncate}', '{}');
            return next;
        end if;
    end loop;
    place := 6;
    foreach other in array feed.others loop
        continue when not exists (select from pg_class c where c.oid = other and c.relkind in ('r', 'p'));
        read_of_it := (select b.columns from pollster.behind(to_regclass(format('%I.posts', a_schema))) b where b.rel = other);
        select l.* into link from pollster.link_to_posts(a_schema, other, feed.rel) l;
        hides := pollster.chooses_by(to_regclass(format('%I.posts', a_schema)), 'id', other);
        if link.own is null and hides then
            word := 'hidden';
            what := format('the view of posts depends on %s, whose rows no column of %s points to: a post that begins or ceases '
                           'to be shown by it makes no entry', other, feed.rel);
            remedy := 'after such a change: `pollster repair`';
            sql := null;
            return next;
            word := 'trigger';
        end if;
        for part in select p.* from pollster.parts_of(other) p where not p.is_foreign loop
            lacking := array(select e from unnest(array['insert', 'delete', 'update', 'truncate']) with ordinality x(e, n)
                             where (e = 'truncate' or not part.has_triggers_of_whole)
                                 and not case
                                     when e = 'truncate' then pollster.has_trigger(part.rel,
                                         '{everything_changed,posts_shown_by,posts_truncated}', '{}', e, read_of_it, false)
                                     when link.own is null then pollster.has_trigger(part.rel, '{everything_changed}', '{}', e,
                                         read_of_it, false)
                                     else pollster.has_trigger(part.rel, '{posts_shown_by}',
                                         array[link.own, link.theirs, feed.arguments[1], feed.arguments[2]], e, read_of_it, true) end
                             order by n);
            continue when lacking = '{}';
            what := format('%s: the view of posts depends on it, and no trigger tells of %s (pollster.%s), so clients keep what '
                           'is not shown any more', part.rel, array_to_string(lacking, ', '),
                           case when link.own is null then 'everything_changed' else 'posts_shown_by' end);
            remedy := 'create the trigger';
            way := case when link.own is not null
                        then array[link.own, feed.rel::text, link.theirs, feed.arguments[1], feed.arguments[2]] else '{}' end;
            sql := case when link.own is null or exists (
                            select from pg_index i where i.indrelid = feed.rel and i.indisvalid
                                and pg_get_indexdef(i.indexrelid, 1, true) = quote_ident(link.theirs)) then ''
                        else format(E'create index on %s (%I);\n', feed.rel, link.theirs) end
                || case when 'update' = any (lacking) then pollster.drop_of_narrow(part.rel,
                        case when link.own is null then 'everything_changed' else 'posts_shown_by' end, way, read_of_it)
                        else '' end
                || pollster.trigger_ddl(part.rel, case when link.own is null then 'everything_changed' else 'posts_shown_by' end,
                                        way, lacking, read_of_it);
            return next;
        end loop;
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

    for home in select p.rel, min(o.col) as col
                from pollster.origins_of(to_regclass(format('%I.walls', a_schema)), 'id') o
                cross join lateral pollster.parts_of(o.rel) p
                where o.names = 'id' and o.exact and not p.has_triggers_of_whole and not p.is_foreign group by p.rel loop
        if not pollster.has_trigger(home.rel, '{wall_removed}', array[home.col], 'delete', '{}', true) then
            what := format('%s: no trigger removes the feed of a wall that is deleted (pollster.wall_removed)', home.rel);
            remedy := 'create the trigger';
            sql := format(E'create trigger %I after delete on %s for each row execute function pollster.wall_removed(%L);\n',
                          pollster.new_trigger_name(home.rel, 'wall_removed'), home.rel, home.col);
            return next;
        end if;
    end loop;
end $$;

revoke execute on function pollster.parts_of, pollster.chooses_by from public;
