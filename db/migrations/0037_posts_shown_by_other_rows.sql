-- Posts that are shown, or not, by rows of other tables: the topic that is deleted softly, what a moderator has hidden.
-- Their coming and going is a coming and going of posts, and no trigger on the table of posts sees it.

-- For `create constraint trigger ... after insert or update or delete on <that table> deferrable initially deferred for
-- each row`. Arguments: the column of that table which a post points to, the table of posts, its column that points
-- there, and its columns for the post's id and the wall. Each post of the row gets the entry that it lacks, `post` or
-- `delete`, and servers read its wall anew. As dear as changing the posts themselves; who marks those in the same
-- transaction afterwards gets two entries of each, which mean the same.
create function pollster.posts_shown_by() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off
    set plan_cache_mode = force_generic_plan
as $$
declare
    posts constant regclass := coalesce(to_regclass(format('%I.%I', tg_table_schema, tg_argv[1])), to_regclass(tg_argv[1]));
    of_rows text[] := '{}';
    by_type text;
    p record;
    of_walls bigint[] := '{}';
    shown record;
    moved text; -- how it came or went at last
begin
    if tg_op = 'TRUNCATE' then
        perform pollster.note_everything();
        return null;
    elsif posts is null then
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

-- Internal: by which of its columns the rows of a table behind the view of posts decide which posts are shown: `own`, and
-- `theirs` of the table of posts, which holds the same; null: by none.
create function pollster.link_to_posts(a_schema text, a_table regclass, a_posts regclass, out own text, out theirs text)
    language sql volatile set search_path = pg_catalog, pg_temp set jit = off
as $$
    with o as materialized (
        select * from pollster.origins_of(to_regclass(format('%I.posts', a_schema)), 'id') x where x.rel in (a_table, a_posts)
    ), links as (
        -- Each time that the view reads it; one that is not linked concerns any post.
        select o.branch, o.alias,
               min(array[o.col, coalesce(o.other_col, (select min(i.col) from o i where i.rel = a_posts and i.names = 'id'
                                                       and i.exact))])
                   filter (where o.names = 'group' and o.other = a_posts or o.names = 'id' and o.exact) as way
        from o where o.rel = a_table group by 1, 2
    )
    select case when bool_and(l.way is not null) and count(distinct l.way) = 1 then min(l.way[1]) end,
           case when bool_and(l.way is not null) and count(distinct l.way) = 1 then min(l.way[2]) end
    from links l
$$;

-- As in 0024, with the columns of `extra` (0034); a table that names posts is not theirs.
create or replace function pollster.feed_trigger_wanted(a_schema text default 'pollster')
    returns table (rel regclass, arguments text[], used text[], refreshing text[], others regclass[], unmarked text[],
                   why_not text)
    language plpgsql volatile set search_path = pg_catalog, pg_temp set jit = off
as $$
declare
    posts constant regclass := to_regclass(format('%I.posts', a_schema));
    c_id text;
    c_wall text;
    c_user text;
    c_body text;
    marks text[];
    of_extra text[];
    all_columns text[];
    rows jsonb[];
begin
    rows := array(select to_jsonb(o) from pollster.origins_of(posts, 'user_id') o);
    -- Another table may name posts, too (what a moderator has hidden): theirs is the one that has their texts.
    select min(i.rel)::regclass, min(i.col) into rel, c_id
        from (select o ->> 'rel' as rel, o ->> 'col' as col, exists (
                  select from unnest(rows) b where b ->> 'rel' = o ->> 'rel' and b ->> 'names' = 'body') as has_body
              from unnest(rows) o where o ->> 'names' = 'id' and (o ->> 'exact')::boolean) i
        where i.has_body or not exists (select from unnest(rows) b where b ->> 'names' = 'body')
        having count(distinct i.rel) = 1;
    if rel is null then
        why_not := 'posts.id is not a column of one table';
        return next;
        return;
    end if;
    select min(o.col) filter (where o.names = 'wall_id' and o.exact), min(o.col) filter (where o.names = 'user_id' and o.exact),
           coalesce(min(o.col) filter (where o.names = 'body' and o.exact), min(o.col) filter (where o.names = 'body'))
        into c_wall, c_user, c_body
        from jsonb_to_recordset(to_jsonb(rows)) o(rel text, names text, col text, exact boolean)
        where o.rel::regclass = feed_trigger_wanted.rel;
    if c_wall is null then
        why_not := format('posts.wall_id is no column of %s, so no trigger on it knows the wall of a post', rel);
        return next;
        return;
    elsif c_body is null then
        why_not := format('posts.body is no column of %s, so no trigger on it knows an edit', rel);
        return next;
        return;
    end if;
    select coalesce(array_agg(distinct pollster.mark_of(c)) filter (where pollster.mark_of(c) is not null), '{}'),
           coalesce(array_agg(distinct c) filter (where pollster.mark_of(c) is null and c <> 'false'), '{}')
        into marks, unmarked
        from jsonb_path_query(pollster.plan_of(format('select * from %s', posts)), 'strict $.** ? (exists(@."Relation Name"))') n
        cross join lateral pollster.conjuncts(n ->> 'Filter') c
        where to_regclass(format('%I.%I', n ->> 'Schema', n ->> 'Relation Name')) in (
            select p.relid from pg_partition_tree(rel) p union select rel);
    marks := array(select pollster.ident_of_mark(m) from unnest(marks) m order by 1);
    of_extra := array(select distinct o.col from jsonb_to_recordset(to_jsonb(rows)) o(rel text, names text, col text)
                      where o.rel::regclass = feed_trigger_wanted.rel and o.names = 'extra' and o.col is not null
                          and o.col not in (c_id, c_wall, c_body) and o.col is distinct from c_user order by 1);
    arguments := array[c_id, c_wall, coalesce(c_user, '-'), c_body] || marks || array(select '+' || c from unnest(of_extra) c);
    used := array(select distinct u from unnest(array[c_id, c_wall, c_user, c_body] || of_extra
                  || array(select pollster.column_of_mark(m) from unnest(marks) m)) u where u is not null order by 1);
    select b.columns into all_columns from pollster.behind(posts) b where b.rel = feed_trigger_wanted.rel;
    refreshing := array(select c from unnest(all_columns) c where c not in (c_body, c_wall) and c <> all (of_extra) except
                        select pollster.column_of_mark(m) from unnest(marks) m order by 1);
    others := array(select b.rel from pollster.behind(posts) b
                    where b.rel <> feed_trigger_wanted.rel and not exists (
                        select from pg_partition_tree(feed_trigger_wanted.rel) p where p.relid = b.rel) order by 1);
    return next;
end $$;

-- As in 0025; tables that show posts have a function of their own, and two triggers of one kind two names.
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
            sql := pollster.trigger_ddl(wanted.rel, wanted.function, wanted.arguments, lacking, wanted.used);
            printed := printed || format('%s %s', wanted.rel, wanted.function);
            nth := cardinality(array_positions(printed, format('%s %s', wanted.rel, wanted.function)));
            if nth > 1 then -- a row that names two users, in triggers of two names
                sql := regexp_replace(sql, '(trigger pollster_\S+) after', '\1_and_' || nth || ' after', 'g');
            end if;
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
        read_of_it := (select b.columns from pollster.behind(to_regclass(format('%I.posts', a_schema))) b where b.rel = other);
        select l.* into link from pollster.link_to_posts(a_schema, other, feed.rel) l;
        lacking := array(select e from unnest(array['insert', 'delete', 'update']) with ordinality x(e, n)
                         where not pollster.has_trigger(other, array[case when link.own is null then 'everything_changed'
                                                                          else 'posts_shown_by' end], '{}', e, read_of_it, false)
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
            sql := case when link.own is null
                then pollster.trigger_ddl(other, 'everything_changed', '{}', lacking, read_of_it)
                else case when not exists (
                            select from pg_index i where i.indrelid = feed.rel and i.indisvalid
                                and pg_get_indexdef(i.indexrelid, 1, true) = quote_ident(link.theirs))
                          then format(E'create index on %s (%I);\n', feed.rel, link.theirs) else '' end
                     || pollster.trigger_ddl(other, 'posts_shown_by', array[link.own, feed.rel::text, link.theirs,
                                                                            feed.arguments[1], feed.arguments[2]],
                                             lacking, read_of_it) end;
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

revoke execute on function pollster.posts_shown_by, pollster.link_to_posts from public;
