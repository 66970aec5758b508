-- What a post adds to the index of terms waits in a list, which each search reads, and which the post that fills it sorts in: of the 4 MB that
-- PostgreSQL takes by default, so that one post in many thousands took as long as hundreds. With 256 kB such posts are more and short
-- (tests/db/search_pgtest). `fastupdate = off` would know none, but each post would cost more.
do $$ begin
    if to_regclass('pollster_default.posts_terms') is not null then
        alter index pollster_default.posts_terms set (gin_pending_list_limit = 256);
    end if;
end $$;

-- As in 0026, but for this.
create or replace function pollster.adoption_indexes(a_schema text default 'pollster')
    returns table (place integer, word text, what text, remedy text, sql text)
    language plpgsql volatile set search_path = pg_catalog, pg_temp set jit = off
as $$
declare
    way record;
    found_rel regclass;
    condition text;
    shown_col text; -- that the view shows
    found_col text; -- or compares
    seen text[] := '{}';
    feed record;
    terms text;
begin
    place := 2;
    word := 'index';
    for way in
        select w.*, format(w.statement, a_schema) as asked from (values
            ('a user by id', 'users', 'id', 'select * from %1$I.users where id = 1'),
            ('a wall by id', 'walls', 'id', 'select * from %1$I.walls where id = 1'),
            ('the walls of a user', 'memberships', 'user_id', 'select * from %1$I.memberships where user_id = 1'),
            ('the users of a wall', 'memberships', 'wall_id', 'select * from %1$I.memberships where wall_id = 1'),
            ('whether a user sees a wall', 'memberships', 'user_id',
             'select * from %1$I.memberships where user_id = 1 and wall_id = 1'),
            ('a session by its token', 'sessions', 'token_hash', 'select * from %1$I.sessions where token_hash = ''\x00'''),
            ('the sessions of a user', 'sessions', 'user_id', 'select * from %1$I.sessions where user_id = 1'),
            ('a post by id', 'posts', 'id', 'select * from %1$I.posts where id = 1')) w(told, view, col, statement)
    loop
        for found_rel, condition, shown_col, found_col in
            select distinct u.rel, u.condition,
                   (select min(o.col) from pollster.origins_of(to_regclass(format('%I.%I', a_schema, way.view)), way.col) o
                             where o.rel in (u.rel, pg_partition_root(u.rel)) and o.exact and o.names = way.col),
                   (select min(pollster.ident((regexp_match(e.a, '\.(.*)$'))[1]))
                             from pollster.equalities_below(pollster.plan_of(way.asked)) e
                             where e.a ~ (pollster.column_pattern() || '$') and exists (
                                 select from pg_attribute a where a.attrelid = u.rel
                                     and a.attname = pollster.ident((regexp_match(e.a, '\.(.*)$'))[1])))
            from pollster.unserved(way.asked) u
        loop
            -- Of a part of a table the index is made on the whole.
            found_rel := coalesce(pg_partition_root(found_rel), found_rel);
            what := format('%s: no index finds %s', found_rel, way.told);
            found_col := coalesce(shown_col, found_col);
            if found_col is not null and not exists (
                    select from pg_index i where i.indrelid = found_rel and i.indisvalid
                        and pg_get_indexdef(i.indexrelid, 1, true) = quote_ident(found_col)) then
                remedy := 'create one';
                sql := format(E'create index on %s (%I);\n', found_rel, found_col);
            elsif shown_col is not null and condition ~ '\)::' then
                -- There is one of the column, but the view shows it as another type.
                select format(E'create index on %s ((%I::%s));\n', found_rel, found_col, format_type(a.atttypid, a.atttypmod))
                    into sql from pg_attribute a
                    where a.attrelid = to_regclass(format('%I.%I', a_schema, way.view)) and a.attname = way.col;
                remedy := 'show the column as it is, without a cast; or create one of what the view shows';
            else
                -- The view wants it so: a join without a condition, a recursion. It matters for large tables.
                continue when not exists (select from pg_class c where c.oid = found_rel and c.reltuples > 10000);
                remedy := 'create one on what the view compares';
                sql := null;
            end if;
            continue when coalesce(sql, what) = any (seen);
            seen := seen || coalesce(sql, what);
            return next;
        end loop;
    end loop;

    -- The second column of an index serves badly, and a plan does not say so.
    for way in
        select distinct w.told, o.rel, o.col
        from (values ('the walls of a user', 'memberships', 'user_id'), ('the users of a wall', 'memberships', 'wall_id'),
                     ('the sessions of a user', 'sessions', 'user_id')) w(told, view, names)
        cross join lateral pollster.origins_of(to_regclass(format('%I.%I', a_schema, w.view)), w.names) o
        join pg_class c on c.oid = o.rel and c.relkind in ('r', 'p', 'm')
        where o.exact and o.names = w.names and not exists (
            select from pg_index i where i.indrelid = o.rel and i.indisvalid
                and pg_get_indexdef(i.indexrelid, 1, true) in (quote_ident(o.col), format('(%I)', o.col)))
    loop
        what := format('%s: no index finds %s', way.rel, way.told);
        remedy := 'create one';
        sql := format(E'create index on %s (%I);\n', way.rel, way.col);
        continue when sql = any (seen);
        seen := seen || sql;
        return next;
    end loop;

    select f.* into feed from pollster.feed_trigger_wanted(a_schema) f;
    if feed.why_not is not null then
        return;
    end if;
    -- Pages of a wall, newest first: without it each of them sorts all posts of the wall.
    if not exists (select from pg_index i where i.indrelid = feed.rel and i.indisvalid
                   and pg_get_indexdef(i.indexrelid, 1, true) = quote_ident(feed.arguments[2])
                   and pg_get_indexdef(i.indexrelid, 2, true) = quote_ident(feed.arguments[1])) then
        what := format('%s: no index has the order of the posts of a wall', feed.rel);
        remedy := 'create one';
        sql := format(E'create index on %s (%I, %I);\n', feed.rel, feed.arguments[2], feed.arguments[1]);
        return next;
    end if;
    if not exists (select from pg_index i where i.indrelid = feed.rel
                   and pg_get_indexdef(i.indexrelid) like '%pollster.terms(%') then
        word := 'search-index';
        select format('pollster.terms(pollster.wall_in_terms(%I), %I%s)', feed.arguments[2], feed.arguments[4],
                      case when a.atttypid = 'text'::regtype then '' else '::text' end)
            into terms from pg_attribute a where a.attrelid = feed.rel and a.attname = feed.arguments[4];
        what := format('%s has no index of pollster.terms: a search reads 2,000 posts a page', feed.rel);
        remedy := 'create one';
        sql := format(E'create index on %s using gin (%s) with (gin_pending_list_limit = 256);\n', feed.rel, terms);
        return next;
    end if;
end $$;
