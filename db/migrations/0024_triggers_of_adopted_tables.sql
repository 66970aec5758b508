-- Which triggers the tables behind the views need, and which of them are missing: `pollster adopt --check`. What a row
-- names is derived from the view's plan (0023): if it is the user of all rows of the view that depend on it, those
-- hear of its changes; else the wall, else a group; if it is none of these, everybody does.

-- For tables whose rows decide what entries show, of all walls or of nobody knows which: an author's name that lies
-- elsewhere than the author. Servers read all of it anew.
create function pollster.everything_changed() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    if not exists (select from pollster.access_changes c
                   where c.changed_by = pg_current_xact_id() and c.wall_id = 0 and c.kind = 'everything') then
        insert into pollster.access_changes (user_id, wall_id, kind, changed_by, changed_at)
            values (0, 0, 'everything', pg_current_xact_id(), clock_timestamp());
        perform pollster.hint('pollster_access', '0');
    end if;
    return null;
end $$;

-- Internal: what a condition of the view of posts demands of a row, as a mark of feed_entry for those that lack it;
-- null: no mark says that.
create function pollster.mark_of(a_condition text) returns text
    language sql immutable strict parallel safe set search_path = pg_catalog, pg_temp
as $$
    with c(condition) as (select regexp_replace(a_condition, '^\((.*)\)$', '\1'))
    select coalesce(
        -- deleted_at is null; not deleted; deleted is not true; deleted = 0
        col.by_null[1], col.by_not[1], col.by_zero[1],
        col.by_true[1] || '<>true', col.by_distinct[1] || '=' || col.value,
        col.by_value[1] || case col.by_value[2] when '=' then '<>' else '=' end || col.value)
    from c cross join lateral (select
        regexp_match(condition, '^\(*[^ ()]+\.("(?:[^"]|"")+"|[a-z0-9_]+)\)* IS NULL$') as by_null,
        coalesce(regexp_match(condition, '^NOT \(*[^ ()]+\.("(?:[^"]|"")+"|[a-z0-9_]+)\)*$'),
                 regexp_match(condition, '^\(*[^ ()]+\.("(?:[^"]|"")+"|[a-z0-9_]+)\)* IS NOT TRUE$')) as by_not,
        regexp_match(condition, '^\(*[^ ()]+\.("(?:[^"]|"")+"|[a-z0-9_]+)\)* = ''?0''?(?:::[a-z]+)?$') as by_zero,
        coalesce(regexp_match(condition, '^\(*[^ ()]+\.("(?:[^"]|"")+"|[a-z0-9_]+)\)*$'),
                 regexp_match(condition, '^\(*[^ ()]+\.("(?:[^"]|"")+"|[a-z0-9_]+)\)* IS TRUE$')) as by_true,
        regexp_match(condition, '^\(*[^ ()]+\.("(?:[^"]|"")+"|[a-z0-9_]+)\)*(?:::[a-z ]+)?\)* (=|<>) (?:-?[0-9.]+|''(?:[^'']|'''')*'')(?:::[^()]+(?:\([0-9]+\))?)?$') as by_value,
        regexp_match(condition, '^\(*[^ ()]+\.("(?:[^"]|"")+"|[a-z0-9_]+)\)*(?:::[a-z ]+)?\)* IS DISTINCT FROM (?:-?[0-9.]+|true|false|''(?:[^'']|'''')*'')(?:::[^()]+(?:\([0-9]+\))?)?$') as by_distinct,
        replace(coalesce((regexp_match(condition, ' (?:=|<>|IS DISTINCT FROM) ''((?:[^'']|'''')*)'''))[1],
                         (regexp_match(condition, ' (?:=|<>|IS DISTINCT FROM) (-?[0-9.]+|true|false)$'))[1]), '''''', '''') as value) col
$$;

-- Internal: the arguments of a trigger.
create function pollster.arguments_of(a_trigger oid) returns text[]
    language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
    all_of_them bytea;
    from_here integer := 1;
    result text[] := '{}';
begin
    select t.tgargs into all_of_them from pg_trigger t where t.oid = a_trigger;
    for i in 1 .. length(all_of_them) loop
        if get_byte(all_of_them, i - 1) = 0 then
            result := result || convert_from(substr(all_of_them, from_here, i - from_here), getdatabaseencoding());
            from_here := i + 1;
        end if;
    end loop;
    return result;
end $$;

-- The triggers that tables behind the views of a schema need. `used`: an update of these columns counts.
create function pollster.triggers_wanted(a_schema text default 'pollster')
    returns table (rel regclass, function text, arguments text[], inserts boolean, used text[])
    language plpgsql volatile set search_path = pg_catalog, pg_temp set jit = off
as $$
begin
    return query
    with views(view, v, key, wall) as materialized (
        select x.view, to_regclass(format('%I.%I', a_schema, x.view)), x.key, x.wall
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
    ), columns as ( -- a wall's name and a user's password concern nobody's access
        select t.rel, array(select distinct unnest(t.columns) except
                            select o.col from origins o where o.view = t.view and o.rel = t.rel
                                and o.names in ('kind', 'password_hash') or o.view = 'walls' and o.rel = t.rel and o.names = 'name'
                            except select o.col from origins o where false) as used
        from tables t
    ), all_used as (
        select c.rel, array(select distinct u.c from columns x cross join lateral unnest(x.used) u(c) where x.rel = c.rel
                            order by 1) as used
        from columns c group by c.rel
    ), merged as (
        select k.rel, k.function, k.arguments,
               array(select distinct n.c from kinds x cross join lateral unnest(x.name_columns) n(c)
                     where x.rel = k.rel and x.function = k.function and x.arguments = k.arguments order by 1) as name_columns,
               -- Who signs in, who comes, and a wall that is made take nothing from anybody.
               bool_or(k.view = 'memberships' or not exists (
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

-- The same for the posts; one row, or none with a reason in `why_not`. `refreshing`: columns that entries show besides.
create function pollster.feed_trigger_wanted(a_schema text default 'pollster')
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
    all_columns text[];
    rows jsonb[];
begin
    rows := array(select to_jsonb(o) from pollster.origins_of(posts, 'user_id') o);
    select min(o ->> 'rel')::regclass, min(o ->> 'col') into rel, c_id
        from unnest(rows) o where o ->> 'names' = 'id' and (o ->> 'exact')::boolean having count(distinct o ->> 'rel') = 1;
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
    arguments := array[c_id, c_wall, coalesce(c_user, '-'), c_body] || marks;
    used := array(select distinct u from unnest(array[c_id, c_wall, c_user, c_body]
                  || array(select pollster.column_of_mark(m) from unnest(marks) m)) u where u is not null order by 1);
    select b.columns into all_columns from pollster.behind(posts) b where b.rel = feed_trigger_wanted.rel;
    refreshing := array(select c from unnest(all_columns) c where c not in (c_body, c_wall) except
                        select pollster.column_of_mark(m) from unnest(marks) m order by 1);
    others := array(select b.rel from pollster.behind(posts) b
                    where b.rel <> feed_trigger_wanted.rel and not exists (
                        select from pg_partition_tree(feed_trigger_wanted.rel) p where p.relid = b.rel) order by 1);
    return next;
end $$;

-- Internal: a mark as the trigger gets it, its column without quotation marks.
create function pollster.ident_of_mark(a_mark text) returns text language sql immutable parallel safe
    return case when left(a_mark, 1) = '"'
                then pollster.ident((regexp_match(a_mark, '^("(?:[^"]|"")+")'))[1])
                     || regexp_replace(a_mark, '^"(?:[^"]|"")+"', '')
                else a_mark end;

-- Internal: is there a trigger in force that does this at this event? `as_given`: false if any arguments will do,
-- because somebody has decided.
create function pollster.has_trigger(a_rel regclass, a_functions text[], a_arguments text[], a_event text, a_used text[],
                                     as_given boolean) returns boolean
    language sql stable set search_path = pg_catalog, pg_temp set jit = off
as $$
    select exists (
        select from pg_trigger t
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
            and (a_event <> 'update' or t.tgattr = '' or not exists (
                select from unnest(a_used) u where u not in (
                    select x.attname from pg_attribute x where x.attrelid = a_rel and x.attnum = any (t.tgattr))))
            and (a_event = 'truncate' or not as_given
                 or (a.given[1:least(cardinality(a_arguments), 4)] = a_arguments[1:4] or f.proname <> 'feed_entry')
                    and a.given[1] is not distinct from a_arguments[1] and a.given @> a_arguments))
$$;

revoke execute on function pollster.everything_changed, pollster.arguments_of, pollster.triggers_wanted,
    pollster.feed_trigger_wanted, pollster.has_trigger from public;
