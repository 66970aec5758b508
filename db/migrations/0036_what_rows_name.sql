-- What a row of an adopted table names, where its view counts, ranks, limits or joins: as in 0023 and 0024, which
-- `pollster adopt` asked for triggers that did not tell whoever lost access.

-- Internal: the tables below a node of a plan whose rows decide which other rows it gives: of those that are limited,
-- ranked or the first of their kind (`distinct on`). What such a node gives does not name who else lost by a row.
create function pollster.ranked_below(a_node jsonb, distinct_on boolean) returns text[]
    language sql stable set search_path = pg_catalog, pg_temp set jit = off
as $$
    select coalesce(array_agg(distinct x.name), '{}')
    from jsonb_path_query(a_node, 'strict $.** ? (exists(@."Node Type"))') n
    cross join lateral pollster.scans_below(n) s
    cross join lateral unnest(array[s.alias, s.called]) x(name)
    where n ->> 'Node Type' in ('Limit', 'WindowAgg', 'ProjectSet') or distinct_on and n ->> 'Node Type' = 'Unique'
$$;

-- Internal: the name of a table that a column of a plan is written with.
create function pollster.table_of(a_column text) returns text language sql immutable parallel safe
    return (regexp_match(a_column, '^((?:"(?:[^"]|"")+"|[^".]+))\.'))[1];

-- Internal: what column `a` of a row names by being equal to `b`, in every row of what a node of a plan gives; not beyond a
-- limit or a rank that lies between `a` and the place where they are compared.
create function pollster.equalities_of_rows(a_node jsonb, distinct_on boolean) returns table (a text, b text)
    language sql stable set search_path = pg_catalog, pg_temp set jit = off
as $$
    with conditions as (
        select pollster.without_literals(c) as c, pollster.ranked_below(n, distinct_on) as ranked
        from jsonb_path_query(a_node, 'strict $.** ? (exists(@."Node Type"))') n
        cross join lateral unnest(array[n ->> 'Hash Cond', n ->> 'Merge Cond', n ->> 'Join Filter', n ->> 'Filter']) x(condition)
        cross join lateral pollster.conjuncts(x.condition) c
    ), sides as (
        select regexp_match(c, '^\(*([^=<>]+?)\)* = \(*([^=<>]+?)\)*$') as side, ranked from conditions
        where c !~ ' (OR|IS|IN|AND) ' and c !~ '[a-zA-Z_"]\('
    ), pairs as (
        select pollster.column_in(side[1]) as a, pollster.column_in(side[2]) as b, ranked from sides where side is not null
    )
    select x.a, x.b from pairs p cross join lateral (values (p.a, p.b), (p.b, p.a)) x(a, b)
    where p.a is not null and p.b is not null and pollster.table_of(x.a) <> all (p.ranked)
    group by x.a, x.b
$$;

-- Internal: what a node of a plan gives. A union does not say it: it goes by its first part, as the nodes above it do.
create function pollster.output_of(a_node jsonb) returns jsonb
    language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
begin
    return coalesce(a_node -> 'Output', (
        select pollster.output_of(c) from jsonb_array_elements(a_node -> 'Plans') with ordinality p(c, n)
        where c ->> 'Parent Relationship' = 'Member' order by n limit 1));
end $$;

-- Internal: what a view is made of, as it is written: itself, the views that it reads, and functions in SQL that
-- PostgreSQL has parsed.
create function pollster.definitions_behind(a_view regclass) returns setof text
    language sql stable set search_path = pg_catalog, pg_temp set jit = off
as $$
    with recursive behind(class, object) as (
        select 'pg_class'::regclass::oid, a_view::oid
        union
        select d.refclassid, d.refobjid
        from behind b
        left join pg_rewrite w on b.class = 'pg_class'::regclass and w.ev_class = b.object
            and (select v.relkind from pg_class v where v.oid = b.object) = 'v'
        join pg_depend d on (d.classid = 'pg_rewrite'::regclass and d.objid = w.oid)
            or (b.class = 'pg_proc'::regclass and d.classid = b.class and d.objid = b.object)
        where d.refclassid in ('pg_class'::regclass, 'pg_proc'::regclass) and d.deptype in ('n', 'a', 'i')
            and (d.refclassid, d.refobjid) <> (b.class, b.object)
    )
    select pollster.without_literals(pg_get_viewdef(c.oid))
    from behind b join pg_class c on b.class = 'pg_class'::regclass and c.oid = b.object and c.relkind = 'v'
    union all
    select pollster.without_literals(coalesce(pg_get_function_sqlbody(p.oid), p.prosrc))
    from behind b join pg_proc p on b.class = 'pg_proc'::regclass and p.oid = b.object
    where p.pronamespace not in ('pg_catalog'::regnamespace, 'pollster'::regnamespace)
$$;

-- Internal: is each row of the view a row of one table, so that another row of the table takes nothing from it?
create function pollster.shows_rows_alone(a_view regclass) returns boolean
    language sql volatile set search_path = pg_catalog, pg_temp set jit = off
as $$
    select not jsonb_path_exists(pollster.plan_of(format('select * from %s', a_view)),
                                 'strict $.** ? (exists(@."Node Type")) ? (!(@."Node Type" == "Seq Scan" || @."Node Type" == "Append"))')
        and (select count(*) = 1 from pollster.behind(a_view) b
             where not exists (select from pg_inherits i where i.inhrelid = b.rel))
$$;

-- As in 0023; ranks and limits do not name, and an aggregate's columns are found by what they are.
create or replace function pollster.origins_of(a_view regclass, a_key text)
    returns table (branch integer, alias text, rel regclass, col text, names text, exact boolean,
                   other regclass, other_col text, other_key text)
    language plpgsql volatile set search_path = pg_catalog, pg_temp set jit = off
as $$
declare
    outputs constant text[] := array(select a.attname::text from pg_attribute a
                                     where a.attrelid = a_view and a.attnum > 0 and not a.attisdropped order by a.attnum);
    todo jsonb[];
    at_output jsonb[]; -- for each of todo: at which place of its output is which column of the view
    node jsonb;
    places jsonb;
    child jsonb;
    below jsonb;
    passes constant text[] := '{Append,Merge Append,Subquery Scan,Aggregate,Unique,Sort,Incremental Sort,SetOp,Materialize}';
    place integer;
    -- The plan shows `distinct on` as it does `distinct`.
    distinct_on constant boolean := exists (
        select from pollster.definitions_behind(a_view) d where d ~* '\mdistinct on \(');
begin
    branch := 0;
    todo := array[pollster.plan_of(format('select * from %s', a_view))];
    at_output := array[to_jsonb(array(select n - 1 from generate_series(1, cardinality(outputs)) n))];
    while cardinality(todo) > 0 loop
        node := todo[1];
        places := at_output[1];
        todo := todo[2:];
        at_output := at_output[2:];
        if node ->> 'Node Type' = any (passes) and node ? 'Plans' and not (node ? 'Relation Name') then
            for child in select c from jsonb_array_elements(node -> 'Plans') c loop
                if child ->> 'Parent Relationship' in ('InitPlan', 'SubPlan') then
                    branch := branch + 1;
                    return query select branch, s.called, s.rel, null::text, null::text, true, null::regclass, null::text, null::text
                        from pollster.scans_below(child) s;
                    continue;
                end if;
                below := places;
                if distinct_on and node ->> 'Node Type' = 'Unique' then
                    below := (select jsonb_agg(null::bigint) from jsonb_array_elements(places));
                elsif node ->> 'Node Type' = 'Aggregate' then
                    -- It may read more columns than it gives, in another order.
                    below := (select jsonb_agg(
                                  (select c.i - 1 from jsonb_array_elements_text(pollster.output_of(child)) with ordinality c(e, i)
                                   where pollster.column_in(c.e) = pollster.column_in(node -> 'Output' ->> p.at::integer)
                                       or c.e = node -> 'Output' ->> p.at::integer limit 1) order by p.n)
                              from jsonb_array_elements_text(places) with ordinality p(at, n));
                elsif node ->> 'Node Type' = 'Subquery Scan' then
                    -- Its columns have the names of those below, or their places.
                    below := (select jsonb_agg(coalesce(
                                  (select c.i - 1 from jsonb_array_elements_text(child -> 'Output') with ordinality c(e, i)
                                   where split_part(pollster.column_in(c.e), '.', 2)
                                       = split_part(pollster.column_in(node -> 'Output' ->> p.at::integer), '.', 2) limit 1),
                                  case when jsonb_array_length(child -> 'Output') = jsonb_array_length(node -> 'Output')
                                       then p.at::bigint end) order by p.n)
                              from jsonb_array_elements_text(places) with ordinality p(at, n));
                end if;
                todo := todo || child;
                at_output := at_output || below;
            end loop;
            continue;
        end if;
        branch := branch + 1;
        return query
            with recursive scans as materialized (select * from pollster.scans_below(node)),
            equal as materialized (select * from pollster.equalities_of_rows(node, distinct_on)),
            shown as (
                select outputs[p.n] as names, node -> 'Output' ->> p.at::integer as expression
                from jsonb_array_elements_text(places) with ordinality p(at, n) where p.at is not null
            ), same(names, c) as (
                select s.names, pollster.column_in(s.expression) from shown s
                where pollster.table_of(pollster.column_in(s.expression)) <> all (pollster.ranked_below(node, distinct_on))
                union select s.names, e.a from same s join equal e on e.b = s.c
            ), of_tables as (
                select distinct s.called, s.rel, x.names, split.parts[2] as col
                from same x
                cross join lateral regexp_match(x.c, '^((?:"(?:[^"]|"")+"|[^".]+))\.(.*)$') split(parts)
                join scans s on split.parts[1] in (s.alias, s.called)
            ), made_of as (
                select distinct s.called, s.rel, x.names, split.parts[2] as col
                from shown x
                cross join lateral regexp_matches(pollster.without_literals(x.expression), '(' || pollster.column_pattern() || ')', 'g') r(refs)
                cross join lateral regexp_match(r.refs[1], '^((?:"(?:[^"]|"")+"|[^".]+))\.(.*)$') split(parts)
                join scans s on split.parts[1] in (s.alias, s.called)
            ), linked(a, b) as ( -- over others, too
                select e.a, e.b from equal e union select l.a, e.b from linked l join equal e on e.a = l.b
            ), groups as (
                select s.called, s.rel, mine.parts[2] as col, o.rel as other, theirs.parts[2] as other_col, o.col as other_key
                from linked e
                cross join lateral regexp_match(e.a, '^((?:"(?:[^"]|"")+"|[^".]+))\.(.*)$') mine(parts)
                cross join lateral regexp_match(e.b, '^((?:"(?:[^"]|"")+"|[^".]+))\.(.*)$') theirs(parts)
                join scans s on mine.parts[1] in (s.alias, s.called)
                join of_tables o on theirs.parts[1] = o.called and o.names = a_key and o.called <> s.called
            )
            select branch, t.called, t.rel, pollster.ident(t.col), t.names, true, null::regclass, null::text, null::text from of_tables t
            union select branch, m.called, m.rel, pollster.ident(m.col), m.names, false, null, null, null from made_of m
            union select branch, g.called, g.rel, pollster.ident(g.col), 'group', true, g.other, pollster.ident(g.other_col),
                         pollster.ident(g.other_key) from groups g
            union select branch, s.called, s.rel, null, null, true, null, null, null from scans s;
    end loop;
end $$;

-- As in 0024; where a view joins, counts or ranks, insertions take access, too (a row of bans).
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

revoke execute on function pollster.ranked_below, pollster.equalities_of_rows, pollster.output_of, pollster.definitions_behind,
    pollster.shows_rows_alone from public;
